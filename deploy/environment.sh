# Makes .venv from a lock file. Sourced by run, test, check and messages; the caller stands in the
# root of the repository. A stamp holds the digests of the locks installed, so that a second start
# does nothing here.

say() { # say CHINESE ENGLISH: one line in the reader's language
  case "${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}" in
    zh*) printf '%s\n' "$1" ;;
    *) printf '%s\n' "$2" ;;
  esac
}

find_python() {
  for name in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python; do
    if [ -n "$name" ] && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
    then
      printf '%s\n' "$name"
      return
    fi
  done
  say "需要 Python 3.11 或更高版本：Debian/Ubuntu 上执行 apt-get install python3" \
    "Python 3.11 or later is needed; on Debian or Ubuntu: apt-get install python3" >&2
  return 1
}

digest() { # digest PYTHON FILE
  "$1" -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$2"
}

install_locked() { # install_locked PYTHON LOCK
  if command -v uv >/dev/null 2>&1; then
    [ -x .venv/bin/python ] || uv venv --quiet --python "$("$1" -c 'import sys; print(sys.executable)')" .venv
    uv pip install --python .venv/bin/python --require-hashes -r "$2"
  elif "$1" -c 'import ensurepip' 2>/dev/null; then
    [ -x .venv/bin/pip ] || "$1" -m venv --clear .venv
    .venv/bin/python -m pip install --disable-pip-version-check --require-hashes -r "$2"
  elif "$1" -m pip --version >/dev/null 2>&1; then
    [ -x .venv/bin/python ] || "$1" -m venv --without-pip .venv
    "$1" -m pip --python .venv/bin/python install --disable-pip-version-check --require-hashes -r "$2"
  else
    say "这个 Python 没有 venv/pip：Debian/Ubuntu 上执行 apt-get install python3-venv" \
      "This Python has neither venv nor pip; on Debian or Ubuntu: apt-get install python3-venv" >&2
    return 1
  fi
}

make_environment() { # make_environment LOCK
  python=$(find_python) || exit 1
  if [ -e .venv ] && ! .venv/bin/python -c '' 2>/dev/null; then rm -rf .venv; fi
  wanted=$(digest "$python" "$1")
  if [ -d .venv ] && grep -qs "$wanted" .venv/locks; then return; fi
  say "正在准备运行环境（.venv，依据 $1）……" "Preparing the environment (.venv, from $1) ..."
  install_locked "$python" "$1" || {
    say "依赖安装失败，请检查网络后重试。" "Installing failed; check the network and try again." >&2
    exit 1
  }
  digest "$python" requirements.lock >.venv/locks # the larger lock contains the smaller
  printf '%s\n' "$wanted" >>.venv/locks
}
