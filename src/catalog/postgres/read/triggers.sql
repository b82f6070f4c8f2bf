-- Triggers, but for those that a constraint made; and of those that a partition has from its parent, the ones that do not fire as they
-- do there.
SELECT g.tgrelid, g.tgname, g.tgtype, g.tgenabled, g.tgattr, g.tgconstraint <> 0 AS of_constraint, g.tgdeferrable, g.tginitdeferred,
  NULLIF(g.tgconstrrelid, 0) AS other_table, g.tgoldtable, g.tgnewtable, pg_catalog.pg_get_triggerdef(g.oid, false) AS definition, d.description, g.tgparentid <> 0 AS of_parent
FROM pg_catalog.pg_trigger g
LEFT JOIN pg_catalog.pg_trigger p ON g.tgparentid <> 0 AND p.oid = g.tgparentid
LEFT JOIN pg_catalog.pg_description d ON d.objoid = g.oid AND d.objoid >= 16384 AND d.classoid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
WHERE g.oid >= 16384 AND CASE WHEN g.tgparentid = 0 THEN NOT g.tgisinternal ELSE g.tgenabled <> p.tgenabled AND g.tgconstraint = 0 END
  AND g.oid NOT IN (SELECT objid FROM pg_catalog.pg_depend WHERE refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    AND classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND deptype = 'e')
