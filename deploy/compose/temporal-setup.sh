#!/bin/sh
# Prepares the namespace that the worker works in. Safe to run again.
#
# The CLI finds the server in TEMPORAL_ADDRESS. The namespace it is told: `namespace create` does not
# look at TEMPORAL_NAMESPACE.
set -eu

# How long closed workflows are kept: 30 days.
RETENTION=720h
TRIES=60

# Runs a command every second until it succeeds. Only its last failure is shown.
eventually() {
    tries=1
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -ge "$TRIES" ]; then
            "$@"
            return
        fi
        sleep 1
    done
}

# The port is open some time before the server answers.
eventually temporal operator cluster health

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
    temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
else
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
fi

# A new namespace is not known everywhere in the server at once; the worker must not start earlier.
eventually temporal workflow count --namespace "$TEMPORAL_NAMESPACE"

# What the Web UI's list can be filtered by; the same as `insyz setup` registers. One that is there is
# no error.
temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" \
    --name InsyzIdZp --type Int \
    --name InsyzCisloZp --type Keyword \
    --name InsyzState --type Keyword \
    --name InsyzPhase --type Keyword \
    --name InsyzErrorType --type Keyword \
    --name InsyzSubmittedBy --type Int \
    --name InsyzTries --type Int \
    --name InsyzNextTry --type Datetime
