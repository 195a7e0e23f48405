-- Self metrics get the names of the field: points are dropped, and the engine has components. Rules that
-- query these metrics follow.
UPDATE series SET
    name = 'binnacle_points_dropped_total',
    attributes = replace(
        replace(attributes, '"held_back.service":', '"dropped.service":'),
        '"held_back.label":', '"dropped.label":'
    )
WHERE name = 'binnacle_points_held_back_total' AND service = 'binnacle';

UPDATE series SET
    name = 'binnacle_component_up',
    attributes = replace(
        replace(
            replace(attributes, '"part":"own metrics"', '"part":"self metrics"'),
            '"part":"analysis"', '"part":"anomaly detection"'
        ),
        '"part":', '"component":'
    )
WHERE name = 'binnacle_part_up' AND service = 'binnacle';

UPDATE rules SET
    document = replace(
        replace(
            replace(document, '"binnacle_points_held_back_total"', '"binnacle_points_dropped_total"'),
            '"held_back.service"', '"dropped.service"'
        ),
        '"held_back.label"', '"dropped.label"'
    )
WHERE contains(document, '"binnacle_points_held_back_total"');

UPDATE rules SET
    document = replace(
        replace(
            replace(
                replace(
                    replace(document, '"binnacle_part_up"', '"binnacle_component_up"'),
                    '"own metrics"', '"self metrics"'
                ),
                '"value":"analysis"', '"value":"anomaly detection"'
            ),
            '"key":"part"', '"key":"component"'
        ),
        '["part"]', '["component"]'
    )
WHERE contains(document, '"binnacle_part_up"')
