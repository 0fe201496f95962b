# shellcheck shell=sh
# Sourced by the scripts beside it: finds a Python and keeps .venv, which belongs to these scripts, as the lock files say.
#
#   provide requirements.lock       leaves $python, with what the gateway needs to run
#   provide requirements-dev.lock   and what its tests and checks need as well
#
# Nothing but a POSIX shell, its usual commands and Python 3.11 or newer is needed. PYTHON names the Python to use.
#
# The gateway itself is not installed but run from the checkout through PYTHONPATH: an editable install would have to
# download its build backend, which no lock file pins, and would name the place of the checkout, which may be moved.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
environment=$root/.venv
python=$environment/bin/python
stamp=$environment/installed

# What the caller has set for other projects must not be imported here.
unset PYTHONHOME
export PYTHONPATH="$root"

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# Prints the Python that does not go away when a shortcut to it changes, or prints why this one will not do and fails.
probe='
import os, sys
if sys.version_info < (3, 11):
    print("is Python %d.%d" % sys.version_info[:2])
    sys.exit(1)
try:
    import ensurepip, venv
except ImportError:
    print("cannot make virtual environments (on Debian and Ubuntu: apt-get install python3-venv)")
    sys.exit(1)
print(os.path.realpath(sys.executable))
'

# find_python: sets $base to a Python that can make the environment; ends the script with 2 when there is none.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        set -- "$PYTHON"
    else
        set -- python3 python3.14 python3.13 python3.12 python3.11
    fi
    tried=''
    for name do
        if base=$("$name" -c "$probe" 2>/dev/null); then
            return
        fi
        tried="$tried
  $name ${base:-is not there}"
    done
    say "no Python 3.11 or newer that can make virtual environments:$tried
Install one, or name one: PYTHON=/path/to/python sh $0"
    exit 2
}

# installed LOCK: whether the environment holds what the lock file names, by the checksum of both lock files and of the
# place, which its commands name. The development lock holds all of the run-time lock. Starts no Python.
installed() {
    sum=$({ printf '%s\n' "$root"; cat "$root/requirements.lock" "$root/requirements-dev.lock"; } | cksum)
    held='' crc='' size='' from=''
    if [ -r "$stamp" ]; then
        read -r held crc size from <"$stamp" || :
    fi
    case $held in
        requirements-dev.lock | "$1") [ "$crc $size" = "$sum" ] && [ "$from" = "${named:-$from}" ] && [ -x "$python" ] ;;
        *) return 1 ;;
    esac
}

# install LOCK: adds to an environment that is whole, else makes it anew. The stamp is written last and in one step, so
# that an installation that was cut off leaves none.
install() {
    say "installing $1 into $environment"
    if installed requirements.lock; then
        base=$from
    else
        rm -f "$stamp"
        rm -rf "$environment"
        "$base" -m venv "$environment"
    fi
    PIP_USER=0 "$python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$root/$1"
    printf '%s\n' "$1 $sum $base" >"$stamp.new"
    mv -f "$stamp.new" "$stamp"
}

# provide LOCK: one start installs, others that come meanwhile wait for it. The operating system takes the lock on the
# file back when the last process that installs has ended, however it ended, so that nothing is left to be cleaned up.
provide() {
    named=''
    if [ -n "${PYTHON:-}" ]; then
        find_python
        named=$base
    fi
    if installed "$1"; then
        return
    fi
    find_python
    (
        "$base" -c 'import fcntl; fcntl.flock(0, fcntl.LOCK_EX)' <&9
        installed "$1" || install "$1"
    ) 9<>"$root/pyproject.toml"
}
