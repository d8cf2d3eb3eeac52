# shellcheck shell=bash
# Programs from the system's packages, for setup.sh: looked for as programs, fetched as Debian packages when absent.
# None of PostgreSQL, PgBouncer, Redis and Mosquitto is left running, nor made to run at boot: service and tests start
# their own.

readonly POLICY=/usr/sbin/policy-rc.d
readonly NO_MAIN_CLUSTER=/etc/postgresql-common/createcluster.d/first-minutes.conf

bring_system_packages() {
  local purpose=$1 missing=()
  has_postgis || missing+=(postgresql-15 postgresql-15-postgis-3)
  find_python >/dev/null || missing+=(python3 python3-venv)
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || missing+=(ca-certificates)
  if [[ $purpose == test ]]; then
    command -v redis-server >/dev/null || missing+=(redis-server)
    has_broker || missing+=(mosquitto)
    has_pooler || missing+=(pgbouncer)
    command -v chromium >/dev/null || missing+=(chromium)
    has_chinese_font || missing+=(fonts-noto-cjk)
  fi
  ((${#missing[@]} == 0)) && return
  command -v apt-get >/dev/null ||
    fail "missing: ${missing[*]}, and there is no apt-get here; install them another way, then run this again"
  become_root || fail "missing: ${missing[*]}; this user may not install them. As root: apt-get install ${missing[*]}"
  step apt-update "asking the system's packages for ${missing[*]}" refresh_lists
  step apt "installing ${missing[*]} from the system's packages" install_system_packages "${missing[@]}"
}

has_postgis() {
  local control major
  for control in /usr/share/postgresql/*/extension/postgis.control; do
    major=${control#/usr/share/postgresql/}
    [[ -f $control && -x /usr/lib/postgresql/${major%%/*}/bin/initdb ]] && return
  done
  # One that lies elsewhere is as good.
  command -v pg_config >/dev/null && command -v initdb >/dev/null &&
    [[ -f $(pg_config --sharedir)/extension/postgis.control ]]
}

has_chinese_font() { compgen -G '/usr/share/fonts/*/*/*CJK*' >/dev/null || compgen -G '/usr/share/fonts/*/*CJK*' >/dev/null; }

# Debian puts these where only root looks.
has_pooler() { command -v pgbouncer >/dev/null || [[ -x /usr/sbin/pgbouncer ]]; }
has_broker() { command -v mosquitto >/dev/null || [[ -x /usr/sbin/mosquitto ]]; }

AS_ROOT=()
become_root() {
  ((EUID == 0)) && return
  command -v sudo >/dev/null || return
  AS_ROOT=(sudo)
  # A password is asked for only where there is somebody to type it.
  [[ -t 0 ]] || AS_ROOT=(sudo --non-interactive)
  "${AS_ROOT[@]}" true 2>/dev/null
}

as_root() { "${AS_ROOT[@]}" env DEBIAN_FRONTEND=noninteractive "$@"; }

# A foreign source that is out of order must not keep Debian's own packages from being installed.
refresh_lists() { as_root apt-get update -qq || printf 'going on with the lists that are here\n'; }

apt_install() { as_root apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"; }

install_system_packages() {
  local had_redis=0 had_broker=0 had_pooler=0
  command -v redis-server >/dev/null && had_redis=1
  has_broker && had_broker=1
  has_pooler && had_pooler=1
  keep_services_still
  apt_install "${@//postgresql-15/postgresql-$(postgres_version)}"
  let_services_be
  # Installed for the tests alone: they must not come up with the machine either.
  if command -v systemctl >/dev/null; then
    ((had_redis)) || as_root systemctl disable --quiet redis-server.service || true
    ((had_broker)) || as_root systemctl disable --quiet mosquitto.service || true
    ((had_pooler)) || as_root systemctl disable --quiet pgbouncer.service || true
  fi
}

# 15 is what the project is tested with; a newer Debian has only a newer one.
postgres_version() {
  apt-cache search --names-only '^postgresql-[0-9]+-postgis-3$' | sed -E 's/^postgresql-([0-9]+)-.*/\1/' | sort -n |
    awk '$1 == 15 { found = 15 } { last = $1 } END { print found ? found : last }'
}

# Debian asks policy-rc.d whether a service may start, and createcluster.d whether to make a cluster for the system.
# Both answers are ours for the time of the installation; a machine's own policy is left as it is.
keep_services_still() {
  trap let_services_be EXIT
  as_root mkdir -p "${NO_MAIN_CLUSTER%/*}"
  printf 'create_main_cluster = false\n' | as_root tee "$NO_MAIN_CLUSTER" >/dev/null
  if [[ ! -e $POLICY ]] || is_our_policy; then
    printf '#!/bin/sh\n# first-minutes set-up, while it installs\nexit 101\n' | as_root tee "$POLICY" >/dev/null
    as_root chmod 755 "$POLICY"
  fi
}

is_our_policy() { grep -qs 'first-minutes set-up' "$POLICY"; }

let_services_be() {
  trap - EXIT
  is_our_policy && as_root rm -f "$POLICY"
  as_root rm -f "$NO_MAIN_CLUSTER"
}
