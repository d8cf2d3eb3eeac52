update responders
set location = st_point(moved.longitude, moved.latitude, 4326)::geography,
    accuracy_m = moved.accuracy_m,
    fix_at = moved.at
from unnest(cast(:ids as text[]), cast(:latitudes as float8[]), cast(:longitudes as float8[]),
            cast(:accuracies as float8[]), cast(:ats as timestamptz[]))
     as moved(id, latitude, longitude, accuracy_m, at)
where responders.id = moved.id
