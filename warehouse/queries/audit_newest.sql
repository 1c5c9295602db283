-- Newest event time among a partition's rows of one epoch that had come in by a moment (epoch seconds).
SELECT max(newest) AS at
FROM (
    SELECT max(at) AS newest FROM sales
    WHERE epoch = {epoch:String} AND partition = {partition:UInt16} AND ingested <= toDateTime({until:UInt32}, 'UTC')
    UNION ALL
    SELECT max(at) AS newest FROM stock
    WHERE epoch = {epoch:String} AND partition = {partition:UInt16} AND ingested <= toDateTime({until:UInt32}, 'UTC')
    UNION ALL
    SELECT max(at) AS newest FROM quotes
    WHERE epoch = {epoch:String} AND partition = {partition:UInt16} AND ingested <= toDateTime({until:UInt32}, 'UTC')
)
