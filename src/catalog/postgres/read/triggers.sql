-- Triggers, but for those that a constraint or a partition's parent made.
SELECT g.tgrelid, g.tgname, g.tgtype, g.tgenabled, g.tgattr, g.tgconstraint <> 0 AS of_constraint, g.tgdeferrable, g.tginitdeferred,
  NULLIF(g.tgconstrrelid, 0) AS other_table, g.tgoldtable, g.tgnewtable, pg_catalog.pg_get_triggerdef(g.oid, false) AS definition, d.description
FROM pg_catalog.pg_trigger g
LEFT JOIN pg_catalog.pg_description d ON d.objoid = g.oid AND d.objoid >= 16384 AND d.classoid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
WHERE g.oid >= 16384 AND NOT g.tgisinternal AND g.tgparentid = 0
  AND g.oid NOT IN (SELECT objid FROM pg_catalog.pg_depend WHERE refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    AND classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND deptype = 'e')
