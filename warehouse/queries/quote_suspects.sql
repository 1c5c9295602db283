-- Quotes that were held back and what became of each, newest decision first, with the event that brought each quote.
-- 0 or '' means any; prefecture: itself and its counties; date: days since 1970-01-01.
SELECT
    id, kind, region, site, good, business_date, at, price, own_price, county_price, county_sites, slip, own_z,
    county_z, state, decided, event_id, sender
FROM (
    SELECT
        id, kind, region, site, good, business_date, at, price, own_price, county_price, county_sites, slip, own_z,
        county_z, state, decided
    FROM (
        SELECT
            id, kind, region, site, good, business_date, at, price, own_price, county_price, county_sites, slip,
            own_z, county_z, state, decided
        FROM quote_suspects
        WHERE ({id:String=} = '' OR id = {id:String=})
            AND ({region:UInt32=0} = 0 OR region = {region:UInt32=0})
            AND ({prefecture:UInt32=0} = 0 OR intDiv(region, 100) = intDiv({prefecture:UInt32=0}, 100))
            AND ({site:String=} = '' OR site = {site:String=})
            AND ({good:String=} = '' OR good = {good:String=})
            AND ({kind:String=} = '' OR kind = {kind:String=})
            AND ({date:UInt32=0} = 0 OR toUInt32(business_date) = {date:UInt32=0})
        ORDER BY version DESC
        LIMIT 1 BY id
    )
    WHERE {state:String=} = '' OR state = {state:String=}
    ORDER BY decided DESC, id
    LIMIT {limit:UInt32=100000}
) AS held
ANY LEFT JOIN (
    SELECT kind, region, site, good, business_date, at, assumeNotNull(told) AS price, event_id, sender
    FROM (
        SELECT kind, region, site, good, business_date, at, price AS told, event_id, sender
        FROM quotes
        WHERE repeat = 0 AND isNotNull(price) AND empty(corrects) AND empty(confirms)
            AND (site, good, business_date) IN (SELECT site, good, business_date FROM quote_suspects)
    )
) AS sent USING kind, region, site, good, business_date, at, price
ORDER BY decided DESC, id
