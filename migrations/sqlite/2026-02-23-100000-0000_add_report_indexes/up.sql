-- Best sellers read items by the thousand. Servers got the quantity into an index for it; here, where a row is a step away, that made
-- the file a fifth larger and nothing faster.
SELECT 1;
