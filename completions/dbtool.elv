
set edit:completion:arg-completer[dbtool] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) DBTOOL_COMPLETE="elvish" dbtool -- $@words) | to-lines
}

