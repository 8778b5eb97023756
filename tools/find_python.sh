#!/bin/sh
# Print the first Python that is new enough, or nothing.
for name in python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$name" >/dev/null 2>&1 && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        command -v "$name"
        exit 0
    fi
done
