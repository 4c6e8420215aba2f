#!/usr/bin/env bash
# Debian's packages of Slurm, for the tests on a real cluster of one node; without root or apt it says so and does nothing.
set -euo pipefail
packages="slurm-wlm munge mariadb-server slurmdbd"
if command -v slurmctld slurmdbd munged mariadbd > /dev/null; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
  echo "the tests on a real Slurm are skipped: root and apt-get are needed to install $packages" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends $packages > /dev/null
