#!/bin/sh
# install.sh PYTHON REQUIREMENTS: exactly the locked packages, then the program itself from this folder.
set -eu
python=$1 requirements=$2
echo "Installing $requirements (the first time takes a minute or two)"
"$python" -m pip install --quiet --require-hashes -r "$requirements"
"$python" -m pip install --quiet --no-deps --no-build-isolation --editable .
