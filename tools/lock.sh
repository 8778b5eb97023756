#!/bin/sh
# lock.sh PIP_COMPILE: requirements with hashes, for running and for testing, of one set of versions.
# The oldest supported Python locks: newer ones need fewer packages, never more.
set -eu
lock() {
    "$PIP_COMPILE" --quiet --generate-hashes --allow-unsafe --strip-extras --build-deps-for editable --no-header \
        --no-emit-index-url --no-emit-trusted-host --no-emit-find-links "$@" pyproject.toml
}
PIP_COMPILE=$1
lock --output-file requirements.txt
lock --extra dev --constraint requirements.txt --output-file requirements-dev.txt
