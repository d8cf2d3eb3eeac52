#!/bin/sh
# Copies what the pages load of the map library and the API's viewer to where the service serves it from: a page must
# work where there is no internet. Run after `npm ci`, by the set-up and by the image's build.
set -eu
cd "$(dirname "$0")"

viewer=vendor/swagger-ui
rm -rf "$viewer"
mkdir -p "$viewer"
cp node_modules/swagger-ui-dist/swagger-ui-bundle.js node_modules/swagger-ui-dist/swagger-ui.css \
  node_modules/swagger-ui-dist/LICENSE "$viewer"
sed -i '/sourceMappingURL=/d' "$viewer"/*.js "$viewer"/*.css

from=node_modules/maplibre-gl
to=vendor/maplibre-gl

rm -rf "$to"
mkdir -p "$to"
cp "$from/dist/maplibre-gl.mjs" "$from/dist/maplibre-gl-worker.mjs" "$from/dist/maplibre-gl-shared.mjs" \
  "$from/dist/maplibre-gl.css" "$from/LICENSE.txt" "$to"
# Its source maps stay behind: ten megabytes for nobody.
sed -i '/^\/\/# sourceMappingURL=/d' "$to"/*.mjs
