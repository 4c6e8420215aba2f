#!/usr/bin/env bash
# Debian's packages of Slurm, for the tests on a real cluster of one node; where it cannot install them it says so.
set -uo pipefail
packages="slurm-wlm munge mariadb-server slurmdbd"
if command -v slurmctld > /dev/null && command -v slurmdbd > /dev/null && command -v munged > /dev/null \
  && command -v mariadbd > /dev/null; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
  echo "the tests on a real Slurm will be skipped: root and apt-get are needed to install $packages" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages; } > /dev/null; then
  echo "the tests on a real Slurm will be skipped: apt-get could not install $packages" >&2
fi
exit 0
