"""What the host's own shell is taught for the length of one connection.

Every function is plain POSIX sh (XCU 2) and uses no program that CentOS 5 or busybox lacks. A write
has the order of `host.atomic`: a new file beside the old one, complete, with its owner and mode,
synced, its digest read back; a last look at the old one; the rename; sync. All of that is one
function, so that a connection that is cut leaves the old file or the new one.

`sync` is the whole system's: it writes each file system and then the block device below it (Linux
fs/sync.c), so that a boot loader that replays no journal sees the file.
"""

from __future__ import annotations

from serialpass_tui.host.files import MADE

MISSING, CHANGED, OTHER, NOT_PLAIN, NO_FLOCK, UNSAFE = 11, 10, 12, 13, 14, 15
FAILED, TORN, IN_PLACE, OWNER = 20, 21, 23, 22
NO_COMMAND = 16

SUMS = ("sha256sum", "sha1sum", "cksum")
"""What can tell a digest, the best first."""
NEEDED = (
    "cat",
    "cp",
    "chmod",
    "dd",
    "id",
    "ls",
    "mkdir",
    "mv",
    "od",
    "readlink",
    "rm",
    "rmdir",
    "sed",
    "sync",
    "wc",
)

LIBRARY = r"""
sp_drain() { while read -r sp_l; do [ "$sp_l" = "$SP" ] && return 0; done; }
sp_sum() {
  set -- $($SP_SUM <"$1")
  case $SP_SUM in cksum) printf %s "$1-$2";; *) printf %s "$1";; esac
}
sp_now() {
  if [ -f "$1" ]; then [ -r "$1" ] && sp_sum "$1" || printf "?"
  elif [ -e "$1" ] || [ -L "$1" ]; then printf "?"; else printf -- -; fi
}
sp_real() {
  t=$1; k=0
  while [ -L "$t" ] && [ $k -lt 40 ]; do
    k=$((k+1)); l=$(readlink "$t"); case $l in /*) t=$l;; *) t=${t%/*}/$l;; esac
  done
  d=${t%/*}; b=${t##*/}
  r=$(cd -P "$d/" 2>/dev/null && pwd -P) && d=$r
  [ "$d" = / ] && d=
  t=$d/$b
}
sp_sweep() { for x in "$d/.$b.serialpass-new."*; do [ -f "$x" ] && rm -f "$x"; done; return 0; }
sp_owner() { set -- $(ls -lnd "$1"); printf %s "$1 $3 $4"; }
sp_fsync() {
  m=$(dd if=/dev/null of="$1" conv=notrunc,fsync 2>&1) && return 0
  case $m in *onversion*|*nvalid*|*sage*) sync; return 0;; esac
  printf "%s\n" "$m" >&2; return 20
}
sp_new() {
  n=$d/.$b.serialpass-new.$$-$1
  if [ -n "$2" ]; then
    cp -a "$2" "$n" 2>/dev/null || cp -p "$2" "$n" || return 20
    [ "$(sp_owner "$2")" = "$(sp_owner "$n")" ] && return 0
    echo "its owner, mode or label cannot be kept" >&2; return 22
  else
    cat </dev/null >"$n" || return 20
    chmod "$3" "$n" || return 20
  fi
}
sp_fill() {
  m=$(dd bs=1 count="$1" of="$n" 2>&1) || { printf "%s\n" "$m" >&2; return 20; }
  sp_fsync "$n" || return 20
  [ "$(sp_sum "$n")" = "$2" ] || return 21
}
sp_drop() { r=$?; [ $r -lt 10 ] && r=20; rm -f "$n"; return $r; }
sp_place() { sp_new "$1" "$like" "$4" && sp_fill "$2" "$3" && sync && mv -f "$n" "$t"; }
sp_read() {
  [ -e "$1" ] || return 11
  [ -f "$1" ] || return 13
  cat "$1"
}
sp_replace() {
  sp_real "$1"
  case $d in @MADE@) if [ ! -d "$d" ]; then
    [ "$3" = - ] && return 0
    mkdir "$d" && chmod 755 "$d" || return 20
  fi;; esac
  sp_sweep
  now=$(sp_now "$t")
  [ "$now" = "$3" ] && { sync; return 0; }
  [ "$now" = - ] && [ "$3" != - ] && [ "$2" != - ] && return 11
  [ "$now" = "$2" ] || return 10
  if [ "$3" = - ]; then
    rm -f "$t" || return 20
    sp_tidy "$d"
    sync; return 0
  fi
  like=; [ "$2" = - ] || like=$t
  sp_new "$4" "$like" 644 && sp_fill "$5" "$3" && sync || { sp_drop; return; }
  o=$t; sp_real "$1"
  [ "$o" = "$t" ] && [ "$(sp_now "$t")" = "$2" ] || { rm -f "$n"; return 10; }
  mv -f "$n" "$t" || { sp_drop; return; }
  sync
  [ "$(sp_now "$t")" = "$3" ] || return 23
}
sp_keep() {
  sp_real "$1"
  [ -f "$t" ] || return 11
  like=$t; t=$t.serialpass-$2; b=$b.serialpass-$2
  now=$(sp_now "$t")
  if [ "$now" = "$3" ]; then sync; printf %s "$t"; return 0; fi
  printf %s "$t"
  [ "$now" = - ] || return 12
  sp_sweep
  sp_place "$4" "$5" "$3" 600 || { sp_drop; return; }
  sync
}
sp_link() {
  [ -L "$1" ] && { readlink "$1"; return 0; }
  [ -e "$1" ] && return 13
  return 11
}
sp_unlink() {
  [ -L "$1" ] && [ "$(readlink "$1")" = "$2" ] || return 10
  rm -f "$1" || return 20
  sync
}
sp_tidy() {
  case $1 in @MADE@) rmdir "$1" 2>/dev/null && sync;; esac
  return 0
}
sp_state() {
  if [ -d "$1" ]; then
    me=$(id -u); set -- $(ls -lnd "$1/.")
    [ "$3" = "$me" ] || return 15
    case $1 in ????????w*) return 15;; esac
    return 0
  fi
  (umask 022; mkdir -p "${1%/*}/") && mkdir "$1" && chmod 700 "$1" || return 20
  sync
}
sp_hold() {
  sp_state "$1" || return
  f=$2; d=${f%/*}; b=${f##*/}; t=$f
  [ -d "$d" ] || mkdir -p "$d" || return 20
  sp_sweep
  [ "$(sp_now "$t")" = "$3" ] && { sync; return 0; }
  like=; sp_place "$4" "$5" "$3" 600 || { sp_drop; return; }
  sync
}
sp_size() { [ -f "$1" ] || { echo 0; return; }; s=$(wc -c <"$1"); echo $((s)); }
sp_cut() { dd if=/dev/null of="$1" bs=1 seek="$2" 2>/dev/null; }
sp_append() {
  sp_state "$1" || return
  t=$1/journal; d=$1; b=journal; j=$t
  sp_sweep
  fresh=; [ -f "$j" ] || fresh=1
  sp_new "$4" "" 600 && sp_fill "$5" "$6" || { sp_drop; return; }
  (
    flock 8 || exit 20
    [ "$(sp_size "$j")" = "$2" ] || exit 10
    [ "$2" = "$3" ] || sp_cut "$j" "$3" || exit 20
    cat "$n" >>"$j" && sp_fsync "$j" && [ "$(sp_size "$j")" = $(($3+$5)) ] && exit 0
    sp_cut "$j" "$3"; exit 20
  ) 8>>"$j" || { sp_drop; return; }
  [ -z "$fresh" ] || sync
  rm -f "$n"
}
sp_lock() {
  command -v flock >/dev/null || return 14
  sp_state "$1" || return
  cat </dev/null >>"$1/lock" || return 20
  exec 9<>"$1/lock"
  if flock -n -x 9; then { printf "%s %s\n" "$$" "$2" >"$1/lock"; }; SP_WAIT=$SP_GONE; return 0; fi
  exec 9>&-
  cat "$1/lock"; return 10
}
sp_unlock() { SP_WAIT=; cat </dev/null >"$1/lock"; exec 9>&-; }
sp_held() {
  [ -f "$1/lock" ] || return 11
  if ( command -v flock >/dev/null && ! flock -n -s 7 ) 7<"$1/lock"
  then echo held; else echo free; fi
  m=$(stat -c %Y "$1/lock" 2>/dev/null) && echo $(($(date +%s)-m)) || echo 0
  dd bs=200 count=1 if="$1/lock" 2>/dev/null
}
sp_do() {
  s=$1; shift
  command -v "$1" >/dev/null 2>&1 || return 127
  $SP_TIMEOUT ${SP_TIMEOUT:+"$s"} "$@" 9>&- </dev/null
}
sp_later() {
  command -v "$1" >/dev/null 2>&1 || return 127
  ( trap "" 1; sleep 5; exec "$@" ) </dev/null >/dev/null 2>&1 4>&- 9>&- &
}
sp_put() { printf %s "$2" >"$1"; }
""".replace("@MADE@", "|".join(f"*{end}" for end in MADE))
