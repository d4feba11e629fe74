#!/bin/bash -p
# jobq @VERSION@ for @TARGET@. Behind this script are the program and the Deno that runs it, both compressed. At its
# first start it unpacks them into a private directory, from which it then starts.
#
# It is written for every POSIX shell: where there is no /bin/bash, start it with sh. Bash passes on what other shells
# drop, like functions that are exported, and -p keeps BASH_ENV away. All names here begin with jobq_, since a variable
# that the user exported is exported with its new value.
{
# Fails with the reason $1, and a hint.
jobq_fail() {
  printf 'error: Cannot unpack jobq%s\nhint: %s\n' "$1" "$2" >&2
  exit 5
}

# Whether directory $1 has all that was unpacked, as it was unpacked, by this user or by root. What was changed, cut
# off, added or removed later is newer than the file "complete". In bash this starts no process: each takes a millisecond.
jobq_is_complete() {
  [ -x "$1/jobq" ] && [ -f "$1/app/@MAIN@" ] && [ -f "$1/complete" ] || return 1
  [ "$1/app" -nt "$1/complete" ] && return 1
  [ "$1/jobq" -nt "$1/complete" ] && return 1
  [ -O "$1/jobq" ] && return 0
  # Mode, links, user and more.
  set -- $(LC_ALL=C ls -nL -- "$1/jobq" 2>/dev/null)
  [ "${3-}" = 0 ]
}

# Whether nobody but this user may write in directory $1, and it is no link to another place.
jobq_is_private() {
  [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] || return 1
  case $(LC_ALL=C ls -nd -- "$1" 2>/dev/null) in
    drwx------*) return 0 ;;
  esac
  return 1
}

# Unpacks $2 bytes from byte $1 of this file on into $4, whose SHA-256 is to be $3.
jobq_extract() {
  jobq_why=$({ tail -c "+$1" <"$jobq_self" 2>/dev/null | head -c "$2" 2>/dev/null | GZIP= "$jobq_gzip" -dc >"$4"; } 2>&1)
  if [ $? -ne 0 ]; then
    case $jobq_why in
      *crc* | *invalid* | *"end of file"* | *"not in gzip"* | *magic*) jobq_why=damaged ;;
    esac
    return 1
  fi
  if command -v sha256sum >/dev/null; then jobq_sum=$(sha256sum <"$4"); else jobq_sum=$(shasum -a 256 <"$4"); fi
  [ "${jobq_sum%% *}" = "$3" ] && return 0
  jobq_why=damaged
  return 1
}

# Fills the empty directory $1.
jobq_fill() {
  jobq_extract @PROGRAM_START@ @PROGRAM_LENGTH@ @PROGRAM_SHA256@ "$1/unpack.js" &&
    jobq_extract @RUNTIME_START@ @RUNTIME_LENGTH@ @RUNTIME_SHA256@ "$1/jobq" || return 1
  jobq_why=$({ chmod 700 "$1/jobq" && cd "$1" && mkdir app && DENO_DIR=/dev/null/none DENO_NO_UPDATE_CHECK=1 \
    ./jobq run --quiet --no-config --no-lock --no-remote --no-npm --no-prompt --no-code-cache --allow-write=app \
    unpack.js </dev/null && rm -f unpack.js past; } 2>&1)
  case $? in
    0) ;;
    126 | 127) jobq_why="programs cannot be run there (${jobq_why##*: })" && return 1 ;;
    *) return 1 ;;
  esac
  # Other nodes may see it the moment it has its name, and this one may lose its power then.
  sync -- "$1/jobq" "$1"/app/* 2>/dev/null || sync
  : >"$1/complete"
}

# Puts the filled directory $1 in the place of $2, or its files into $2 if that is there.
jobq_install() {
  if [ ! -d "$2" ]; then
    jobq_why=$(mv -- "$1" "$2" 2>&1) || return 1
    # Another process was faster: then it is inside.
    rm -rf -- "$2/${1##*/}"
    return 0
  fi
  # Processes that run from there go on doing so.
  jobq_why=$({ mkdir -p -- "$2/app" && mv -f -- "$1/jobq" "$2/jobq" && mv -f -- "$1"/app/* "$2/app/" &&
    : >"$2/complete"; } 2>&1)
}

# Whether it is this process's turn to unpack into $1: of a hundred nodes that start at once on a shared home, one
# writes. One that gets no further loses its turn after ten seconds.
jobq_is_next() {
  touch -d '10 seconds ago' "$jobq_temp/past" 2>/dev/null || return 0
  for jobq_other in "$1"/.jobq-unpack.*; do
    [ "$jobq_other" = "$jobq_temp" ] && return 0
    [ "$jobq_other" -nt "$jobq_temp/past" ] && return 1
    [ "$jobq_other/jobq" -nt "$jobq_temp/past" ] && return 1
  done
}

# Removes from $1 what processes left that were killed.
jobq_sweep() {
  touch -d '1 hour ago' "$jobq_temp/past" 2>/dev/null || return 0
  for jobq_other in "$1"/.jobq-unpack.*; do
    [ "$jobq_other" -ot "$jobq_temp/past" ] && rm -rf -- "$jobq_other"
  done
}

# Unpacks into directory $1/HASH; sets jobq_why when it cannot.
jobq_unpack() {
  jobq_mask=$(umask)
  umask 077
  jobq_temp=
  jobq_why=$(mkdir -p -- "$1" 2>&1) && jobq_why=$(mktemp -d "$1/.jobq-unpack.XXXXXXXXXX" 2>&1) && jobq_temp=$jobq_why
  if [ -n "$jobq_temp" ]; then
    trap 'rm -rf -- "$jobq_temp"; exit 129' HUP
    trap 'rm -rf -- "$jobq_temp"; exit 130' INT
    trap 'rm -rf -- "$jobq_temp"; exit 143' TERM
    jobq_sweep "$1"
    jobq_turns=0
    until jobq_is_next "$1" || jobq_is_complete "$1/$jobq_hash" || [ "$jobq_turns" -ge 120 ]; do
      sleep 0.5 2>/dev/null || sleep 1
      jobq_turns=$((jobq_turns + 1))
    done
    jobq_is_complete "$1/$jobq_hash" ||
      { jobq_fill "$jobq_temp" && { jobq_is_complete "$1/$jobq_hash" || jobq_install "$jobq_temp" "$1/$jobq_hash"; }; }
    rm -rf -- "$jobq_temp"
    trap - HUP INT TERM
  fi
  umask "$jobq_mask"
  jobq_is_complete "$1/$jobq_hash"
}

jobq_hash=@HASH@
case ${JOBQ_CACHE_DIR-} in
  /*) jobq_cache=$JOBQ_CACHE_DIR ;;
  ?*) jobq_cache=$PWD/$JOBQ_CACHE_DIR ;;
  *)
    jobq_cache=
    case ${HOME-} in /*) jobq_cache=$HOME/.cache/jobq ;; esac
    case ${XDG_CACHE_HOME-} in /*) jobq_cache=$XDG_CACHE_HOME/jobq ;; esac
    ;;
esac
case ${TMPDIR-} in /*) jobq_local=${TMPDIR%/} ;; *) jobq_local=/tmp ;; esac

# Deno itself must not know of what the user set for another Deno; the program puts it back.
if [ -n "${BASH_VERSION-}" ]; then
  eval 'jobq_names=${!DENO_*}'
else
  case "$(export -p)" in *DENO_*) jobq_names=$(export -p) ;; *) jobq_names= ;; esac
fi
set -f
for jobq_name in $jobq_names; do
  case $jobq_name in DENO_*) jobq_name=${jobq_name%%=*} ;; *) continue ;; esac
  # Which authorities are trusted is the user's to say.
  case $jobq_name in *[!A-Z0-9_]* | DENO_CERT | DENO_TLS_CA_STORE) continue ;; esac
  eval "[ -n \"\${$jobq_name+set}\" ] && export \"JOBQ_KEPT_$jobq_name=\$$jobq_name\" && unset $jobq_name"
done
set +f

if [ -n "${BASH_VERSION-}" ]; then jobq_local=$jobq_local/jobq-$EUID; else jobq_local=$jobq_local/jobq-$(id -u); fi

if [ -n "$jobq_cache" ] && jobq_is_complete "$jobq_cache/$jobq_hash"; then
  jobq_dir=$jobq_cache/$jobq_hash
else
  if [ -z "${JOBQ_CACHE_DIR-}" ] && jobq_is_private "$jobq_local" && jobq_is_complete "$jobq_local/$jobq_hash"; then
    jobq_dir=$jobq_local/$jobq_hash
  else
    case $0 in */*) jobq_self=$0 ;; *) if [ -f "$0" ]; then jobq_self=./$0; else jobq_self=$(command -v -- "$0"); fi ;; esac
    [ -r "$jobq_self" ] || jobq_fail ": \"$jobq_self\" cannot be read" "give yourself the right to read that file"
    for jobq_gzip in "$(command -v gzip)" /usr/bin/gzip /bin/gzip; do [ -x "$jobq_gzip" ] && break; done
    [ -x "$jobq_gzip" ] || jobq_fail ": there is no gzip" "install gzip, or put it on the PATH"
    jobq_reasons=
    for jobq_dir in "$jobq_cache" "$jobq_local"; do
      [ -n "$jobq_dir" ] || continue
      if [ "$jobq_dir" = "$jobq_local" ]; then
        [ -z "${JOBQ_CACHE_DIR-}" ] || continue
        [ -d "$jobq_local" ] || jobq_why=$(mkdir -m 700 -- "$jobq_local" 2>&1)
        if ! jobq_is_private "$jobq_local"; then
          [ ! -e "$jobq_local" ] || jobq_why="others may write there, or it belongs to somebody else"
          jobq_reasons="$jobq_reasons${jobq_reasons:+;} into \"$jobq_local\": ${jobq_why##*: }"
          continue
        fi
      fi
      jobq_unpack "$jobq_dir" && jobq_dir=$jobq_dir/$jobq_hash && jobq_reasons= && break
      [ "$jobq_why" != damaged ] ||
        jobq_fail ": the file \"$jobq_self\" is damaged, or was replaced meanwhile" "copy it to this machine once more"
      jobq_reasons="$jobq_reasons${jobq_reasons:+;} into \"$jobq_dir\": ${jobq_why##*: }"
    done
    [ -z "$jobq_reasons" ] || jobq_fail "$jobq_reasons" \
      "set JOBQ_CACHE_DIR to a directory with 200 MB free, on a disk from which programs may be run"
  fi
fi

# Compiled code is kept on this machine: SQLite files, of which Deno makes use, are not for a home that nodes share.
DENO_DIR=$jobq_local/compiled-$jobq_hash
if [ -L "$jobq_local" ] || ! [ -O "$jobq_local" ] || [ -L "$DENO_DIR" ] || ! [ -O "$DENO_DIR" ]; then
  mkdir -m 700 -- "$jobq_local" 2>/dev/null
  { jobq_is_private "$jobq_local" && mkdir -m 700 -- "$DENO_DIR" 2>/dev/null; } || DENO_DIR=/dev/null/none
fi
DENO_NO_UPDATE_CHECK=1
# Where there is no Node, Deno would put itself on the jobs' PATH in its place.
DENO_DISABLE_NODE_SHIM=1
export DENO_DIR DENO_NO_UPDATE_CHECK DENO_DISABLE_NODE_SHIM
exec "$jobq_dir/jobq" @RUN_WORDS@ "$@"
}
