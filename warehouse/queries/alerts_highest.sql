-- Highest level that each alert reached: 1 none, 2 blue … 5 red. 0 or '' means any; prefecture: itself and its counties.
SELECT id, max(indexOf(['none', 'blue', 'yellow', 'orange', 'red'], level)) AS highest
FROM alert_transitions
WHERE ({region:UInt32=0} = 0 OR region = {region:UInt32=0})
    AND ({prefecture:UInt32=0} = 0 OR intDiv(region, 100) = intDiv({prefecture:UInt32=0}, 100))
    AND ({good:String=} = '' OR good = {good:String=})
    AND ({pack:String=} = '' OR pack = {pack:String=})
GROUP BY id
ORDER BY id
