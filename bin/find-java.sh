# Sourced by ./earshot and ./test: finds a Java of the required version.
#
#   find_java jre    sets java_home to a Java that runs Earshot
#   find_java jdk    sets java_home to a JDK that can also build Earshot (it has javac)
#
# Returns 1 if there is none; need_java then prints what to install. The search order is:
# EARSHOT_JAVA_HOME (if set, nothing else is searched), JAVA_HOME, java on the PATH, the usual folders.

java_least=25

find_java() {
  java_home=
  if [ -n "${EARSHOT_JAVA_HOME:-}" ]; then
    java_fits "$EARSHOT_JAVA_HOME" "$1"
    return
  fi
  if [ -n "${JAVA_HOME:-}" ] && java_fits "$JAVA_HOME" "$1"; then
    return 0
  fi
  java_on_path=$(command -v java 2>/dev/null || true)
  if [ -n "$java_on_path" ]; then
    java_real=$(readlink -f "$java_on_path" 2>/dev/null || printf '%s' "$java_on_path")
    if java_fits "${java_real%/bin/java}" "$1"; then
      return 0
    fi
    # A shim, whose path does not reveal the Java: run it, which is slower.
    if [ ! -f "${java_real%/bin/java}/release" ] && java_asked "$java_on_path" "$1"; then
      return 0
    fi
  fi
  for java_folder in /usr/lib/jvm/* /usr/java/* /opt/*jdk* /opt/java/* \
    "${HOME:-/nonexistent}"/.sdkman/candidates/java/* "${HOME:-/nonexistent}"/.jdks/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home \
    /usr/local/opt/openjdk* /opt/homebrew/opt/openjdk*; do
    if java_fits "$java_folder" "$1"; then
      return 0
    fi
  done
  return 1
}

# Whether folder $1 has a Java for purpose $2; if so, sets java_home. Starts no process if the folder
# has the file "release", as current JDKs do.
java_fits() {
  [ -x "$1/bin/java" ] || return 1
  [ "$2" != jdk ] || [ -x "$1/bin/javac" ] || return 1
  if [ ! -f "$1/release" ]; then
    java_asked "$1/bin/java" "$2"
    return
  fi
  while IFS= read -r java_line || [ -n "$java_line" ]; do
    case $java_line in
      JAVA_VERSION=*)
        java_version=${java_line#JAVA_VERSION=}
        java_version=${java_version#\"}
        if java_new_enough "$java_version"; then
          java_home=$1
          return 0
        fi
        return 1
        ;;
    esac
  done < "$1/release"
  java_asked "$1/bin/java" "$2"
}

# The same for the command $1: runs the command, which prints its version and its home.
java_asked() {
  java_answer=$("$1" -XshowSettings:properties -version 2>&1) || return 1
  java_version=$(printf '%s\n' "$java_answer" | sed -n 's/^ *java\.specification\.version = //p')
  java_own=$(printf '%s\n' "$java_answer" | sed -n 's/^ *java\.home = //p')
  java_new_enough "$java_version" && [ -x "$java_own/bin/java" ] || return 1
  [ "$2" != jdk ] || [ -x "$java_own/bin/javac" ] || return 1
  java_home=$java_own
}

java_new_enough() {
  java_major=${1%%[!0-9]*}
  [ -n "$java_major" ] && [ "$java_major" -ge "$java_least" ]
}

# Prints what to install if no Java of the required version was found. $1 as above.
need_java() {
  if [ -n "${EARSHOT_JAVA_HOME:-}" ]; then
    echo "earshot: EARSHOT_JAVA_HOME is $EARSHOT_JAVA_HOME, which has no Java $java_least or newer." \
      "Change the variable, or unset it to search for a JDK." >&2
    return
  fi
  cat >&2 <<EOF
earshot: no JDK $java_least or newer was found. Install one, for example:
  Debian, Ubuntu   sudo apt-get install openjdk-$java_least-jdk-headless
                   (if that package does not exist: Temurin $java_least, from adoptium.net)
  Fedora           sudo dnf install java-$java_least-openjdk-devel
  macOS            brew install openjdk@$java_least
  any, by SDKMAN   sdk install java $java_least-tem
If a JDK is installed in another folder: EARSHOT_JAVA_HOME=/its/folder ./earshot
EOF
}
