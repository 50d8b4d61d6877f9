# shellcheck shell=bash
# Steps that are announced, timed and counted, for .ci/run and .ci/soak. A failure stops none of the later ones.

passed=0
failed=0
skipped=0
failures=()
times=()

good() {
    passed=$((passed + $1))
}

# bad NUMBER [NAME...]
bad() {
    failed=$((failed + $1))
    shift
    failures+=("$@")
}

# Runs a command between two lines that name it. Returns its status.
announced() {
    local name=$1 began=$SECONDS status=0
    shift
    echo "=== $name"
    "$@" || status=$?
    echo "=== $name: $([ $status -eq 0 ] && echo ok || echo FAILED), $((SECONDS - began)) s"
    times+=("$(printf '%5d s  %s' $((SECONDS - began)) "$name")")
    return $status
}

# step NAME COMMAND...: counts as one.
step() {
    if announced "$@"; then good 1; else bad 1 "$1"; fi
}

# What .ci/count_tests.py finds in the folder $2.
count_tests() {
    local name=$1 log=$2 line counts
    while read -r line; do
        case $line in
        "failed: "*) failures+=("$name: ${line#failed: }") ;;
        "skipped: "*) ;;
        *)
            read -ra counts <<<"$line"
            good "${counts[0]}"
            bad "${counts[2]}"
            skipped=$((skipped + counts[4]))
            ;;
        esac
    done < <(/usr/bin/python3 .ci/count_tests.py "$log")
}

# tests NAME LOG_FOLDER COMMAND...: counts as the tests that it runs.
tests() {
    local name=$1 log=$2 before=$failed status=0
    shift 2
    announced "$name" "$@" || status=$?
    count_tests "$name" "$log"
    if [ $status -ne 0 ] && [ "$failed" -eq "$before" ]; then
        bad 1 "$name: exit status $status"
    fi
}

# closing_line: what failed, and the counts. Returns 1 if anything failed.
closing_line() {
    printf '%s\n' "${times[@]}"
    echo "=== $SECONDS s in all"
    if [ ${#failures[@]} -gt 0 ]; then
        echo "=== failed:"
        printf '    %s\n' "${failures[@]}"
    fi
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
}
