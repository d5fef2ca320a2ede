# Sourced: `need PROGRAM PACKAGE…` makes sure that PROGRAM is there, by apt where this user may use it.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

install_packages() {
    if ! may_install; then
        echo "Missing: $*. Please run:  sudo apt-get update && sudo apt-get install -y $*" >&2
        exit 1
    fi
    echo "installing $* by apt"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
