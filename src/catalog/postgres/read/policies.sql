-- Policies of row-level security.
SELECT p.polrelid, p.polname, p.polpermissive, p.polcmd,
  (SELECT pg_catalog.json_agg(CASE WHEN r = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(r) END ORDER BY 1) FROM pg_catalog.unnest(p.polroles) r) AS roles,
  p.polqual IS NOT NULL AS has_using, pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS using,
  p.polwithcheck IS NOT NULL AS has_check, pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS "check", d.description
FROM pg_catalog.pg_policy p
LEFT JOIN pg_catalog.pg_description d ON d.objoid = p.oid AND d.objoid >= 16384 AND d.classoid = 'pg_catalog.pg_policy'::pg_catalog.regclass
