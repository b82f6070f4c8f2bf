complete --keep-order --exclusive --command dbtool --arguments "(DBTOOL_COMPLETE=fish dbtool -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
