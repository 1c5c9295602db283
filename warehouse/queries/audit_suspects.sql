-- Quotes that were held back, since <= business_date < until (days since 1970), and what each is now.
SELECT kind, region, site, good, toUInt32(business_date) AS day, at, price, state
FROM (
    SELECT id, kind, region, site, good, business_date, at, price, state
    FROM quote_suspects
    WHERE toUInt32(business_date) >= {since:UInt32} AND toUInt32(business_date) < {until:UInt32}
    ORDER BY version DESC
    LIMIT 1 BY id
)
