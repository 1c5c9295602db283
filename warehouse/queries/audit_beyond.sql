-- How many keys of one place are stored at or beyond an offset; table: sales, stock, quotes or registry.
SELECT uniqExact(`offset`, line) AS rows
FROM (
    SELECT `offset`, line FROM sales
    WHERE {table:String} = 'sales' AND epoch = {epoch:String} AND topic = {topic:String}
        AND partition = {partition:UInt16} AND `offset` >= {from_offset:UInt64}
    UNION ALL
    SELECT `offset`, line FROM stock
    WHERE {table:String} = 'stock' AND epoch = {epoch:String} AND topic = {topic:String}
        AND partition = {partition:UInt16} AND `offset` >= {from_offset:UInt64}
    UNION ALL
    SELECT `offset`, line FROM quotes
    WHERE {table:String} = 'quotes' AND epoch = {epoch:String} AND topic = {topic:String}
        AND partition = {partition:UInt16} AND `offset` >= {from_offset:UInt64}
    UNION ALL
    SELECT `offset`, line FROM registry
    WHERE {table:String} = 'registry' AND epoch = {epoch:String} AND topic = {topic:String}
        AND partition = {partition:UInt16} AND `offset` >= {from_offset:UInt64}
)
