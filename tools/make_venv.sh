#!/bin/sh
# make_venv.sh PYTHON FOLDER: the virtual environment, or a sentence that says what is missing.
set -eu
python=$1 folder=$2
if [ -z "$python" ]; then
    echo "Python 3.11 or newer is needed. Install it (Debian: apt-get install python3 python3-venv), then run make again." >&2
    exit 1
fi
if "$python" -m venv "$folder"; then
    exit 0
fi
rm -rf "$folder"
# Debian keeps what `venv` needs in a package of its own.
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
    exec "$python" -m venv "$folder"
fi
echo "$python cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install python3-venv. Then run make again." >&2
exit 1
