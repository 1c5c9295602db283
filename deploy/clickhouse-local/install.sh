#!/usr/bin/env bash
# Install Debian's clickhouse-server without starting or enabling its system service.
# 安装 Debian 自带的 clickhouse-server，不启动系统服务。
set -euo pipefail

if PATH=$PATH:/usr/sbin:/usr/local/sbin command -v clickhouse-server clickhouse >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "No apt-get here: install clickhouse-server (18.16 or newer) yourself / 请自行安装 clickhouse-server" >&2
    exit 2
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo -n)
fi

# invoke-rc.d asks this file whether a package may start its service: 101 means no.
policy=/usr/sbin/policy-rc.d
if ! [ -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi

install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -y -q)
# A machine without package lists yet cannot find it at the first try.
"${install[@]}" install --no-install-recommends clickhouse-server || {
    "${install[@]}" update
    "${install[@]}" install --no-install-recommends clickhouse-server
}
if command -v systemctl >/dev/null; then
    "${as_root[@]}" systemctl disable clickhouse-server >/dev/null 2>&1 || true
fi
