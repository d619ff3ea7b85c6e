# Sourced by run and test: `prepare runtime|tests` makes sure that everything is there. A second time it only looks.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

say() { printf 'hearth: %s\n' "$*" >&2; }

# What the environment was set up from and for, and where it and the models are: if any of it changes, set up again.
setup_key() (
    models="${HEARTH_MODELS_DIR:-${XDG_DATA_HOME:-${HOME-}/.local/share}/hearthside/models}"
    printf '%s\n' "$root" "$models"
    ls -d "$models"/*/ 2>/dev/null || true
    grep -m1 -E '^(flags|Features)' /proc/cpuinfo || true
    cd "$root"
    sha256sum requirements*.lock pyproject.toml models/manifest.toml
)

# Debian's python3 without python3-venv can't make environments that have pip.
python_works() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if python_works "$candidate"; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    return 1
}

# Shows what passes through on one line that keeps changing, or not at all where there is no terminal.
show_last() {
    local line
    while IFS= read -r line; do
        if [ -t 2 ]; then printf '\r\033[K%.79s' "$line" >&2; fi
    done
    if [ -t 2 ]; then printf '\r\033[K' >&2; fi
}

apt_install() {
    local sudo=()
    if [ "$(id -u)" != 0 ]; then sudo=(sudo -n); fi
    command -v apt-get >/dev/null && "${sudo[@]}" true 2>/dev/null || return 1
    say "installing $* (about half a minute)"
    {
        "${sudo[@]}" apt-get update -q && "${sudo[@]}" dpkg --configure -a &&
            "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
    } 2>&1 </dev/null | show_last
}

# Where the system's own Python is too old, its packages bring no other one.
too_old() {
    command -v python3 >/dev/null && ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'
}

install_python() {
    if too_old; then
        say "$(. /etc/os-release && printf %s "$PRETTY_NAME") has $(python3 --version): it takes Python 3.11, as Debian 12, \
Raspberry Pi OS of October 2023 and newer ones have it"
        return 1
    fi
    apt_install python3 python3-venv ca-certificates || true
    find_python >/dev/null || {
        say "Python 3.11 or newer with venv is missing — sudo apt-get install -y python3 python3-venv"
        return 1
    }
}

prepare() {
    local kind=$1 ready="$root/.venv/.ready-$1" python key
    if [ -x "$root/.venv/bin/hearth" ] && [ ! -e "$root/.venv/.unfinished" ] &&
        [ "$(cat "$ready" 2>/dev/null)" = "$(setup_key)" ]; then
        return 0
    fi
    python=$(find_python) || { install_python && python=$(find_python); } || return 1
    PYTHONPATH="$root" "$python" -m scripts.prepare "$kind" || {
        local code=$?
        # 3: good enough to start, but something is to be tried again next time.
        if [ $code = 3 ]; then return 0; else return $code; fi
    }
    setup_key >"$ready.new" && mv "$ready.new" "$ready"
}
