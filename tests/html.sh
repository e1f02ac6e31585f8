#!/usr/bin/env bash
# The pages of reports in Debian's Chromium: no request, no overflow, no serious finding of axe, light and dark, wide and
# narrow, and a print. Exits with 77 where browser, node or the packages from npm cannot be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=target/html
for tool in chromium node npm; do
    command -v "$tool" > /dev/null || { echo "SKIP: $tool is not installed"; exit 77; }
done
mkdir -p "$folder"
# Browser and aids do not belong to the project: fixed versions, beside the build.
if [ ! -d "$folder/node_modules/axe-core" ] || [ ! -d "$folder/node_modules/puppeteer-core" ]; then
    [ -f "$folder/package.json" ] || echo '{"private": true}' > "$folder/package.json"
    PUPPETEER_SKIP_DOWNLOAD=1 npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts --silent \
        axe-core@4.14.1 puppeteer-core@24.43.1 ||
        { echo "SKIP: axe-core and puppeteer-core cannot be had from npm"; exit 77; }
fi

cargo build --quiet
vicino=target/debug/vicino
pages=()
page() {
    local name=$1
    shift
    rm -f "$folder/$name.html"
    "$vicino" "$@" --report "$folder/$name.html" > /dev/null
    pages+=("$folder/$name.html")
}
page audit-rotation-faults audit captures/rotation-faults.csv.zst --truth captures/rotation-faults.truth.csv --fail-on never
page audit-hostile audit captures/hostile.csv.zst --fail-on never
page distance-score distance score captures/two-phones.csv --keys captures/two-phones.keys.csv --window 5

CHROMIUM=$(command -v chromium) node tests/html.mjs "$folder" "${pages[@]}"
