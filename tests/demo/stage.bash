# shellcheck shell=bash
# What the demo and the end-to-end scenarios share; sourced. A stage is a working directory with a configuration, and two
# network namespaces, so that no packet of a guest leaves this machine:
#
#   guests ── slots of the plugin ── "host" namespace (Go host, plugin) 192.0.2.1 ══ 192.0.2.254 "internet" namespace
#                                                               .10 git over HTTP   .53 DNS   and what a guest must not reach
#
# HYPERVISOR chooses the driver, RELEASE the guest's Debian. The image is kept in VMPOOL_IMAGE_CACHE and built again only when its inputs change.
# Where Cloud Hypervisor is not installed, HYPERVISOR=cloud-hypervisor uses its stand-in, whose version STANDIN_VERSION chooses.
# LEAK_CHECK_OPTIONS: --ignore-netns PREFIX for a machine on which somebody else tests at the same time.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
egress=192.0.2.1
egress6=2001:db8::1
# They answer to everybody in the host's namespace, as a company's network would: private, metadata services of clouds.
refused=(10.77.0.10 169.254.169.254 fd00:ec2::254)
uplink_mtu=1500
mounted=''
internet_pid=''

fail() { echo "$stage: $*" >&2; exit 1; }
note() { echo "== $*" >&2; }

# open_stage NAME PLUGIN [LINE OF plugin_config]...
open_stage() {
  stage=$1
  plugin=$(realpath "$2")
  hypervisor=${HYPERVISOR:-qemu}
  stand_in_version=${STANDIN_VERSION:-v53.0}
  cache=${VMPOOL_IMAGE_CACHE:-/var/cache/fleeting-plugin-vmpool}
  out=$root/artifacts/$stage
  host_netns=vmpool-$stage-host-$$
  internet_netns=vmpool-$stage-net-$$
  [[ $(id -u) -eq 0 ]] || fail "network namespaces and virtual machines need root"
  [[ $hypervisor != simulated ]] || fail "HYPERVISOR=simulated runs no virtual machine, so no job can run in one; use HYPERVISOR=qemu"
  [[ -x $plugin ]] || fail "$plugin is missing: run make publish"
  host=$("$root/scripts/build-go-host")/host
  leak_check=${VMPOOL_LEAK_CHECK:-$("$root/scripts/build-leak-check")}

  work=/tmp/vmpool-$stage.$$
  mkdir -m 0700 "$work"
  trap close_stage EXIT
  trap 'exit 130' INT TERM
  mkdir -p "$cache" "$out" "$work/tmp"
  echo "$stand_in_version" >"$work/stand-in-version"
  end_killed_stages
  with_stand_in=()
  if [[ $hypervisor == cloud-hypervisor ]]; then prepare_cloud_hypervisor; fi
  write_config "${@:3}"
  in_host=("${with_stand_in[@]}" nsenter --net="/run/netns/$host_netns" env TMPDIR="$work/tmp")
  group=(-plugin "$plugin" -config "$work/config.toml")
}

# A stage that was killed could not clean up, and only its own groups would: whoever compares the host's state would find its
# slots, and the firewall's table with them.
end_killed_stages() {
  local left pid name netns config
  for left in /tmp/vmpool-*.*; do
    pid=${left##*.}
    name=${left#/tmp/vmpool-} name=${name%.*}
    # Not what somebody else has put there for us to read.
    if ! [[ $pid =~ ^[0-9]+$ && -d $left && ! -L $left && -O $left ]] || kill -0 "$pid" 2>/dev/null; then continue; fi
    note "$left is a killed stage's: what it left is removed; if that fails, remove its slots and the directory by hand"
    for netns in "vmpool-$name-host-$pid" "vmpool-$name-net-$pid"; do end_processes_in "$netns"; done
    for config in "$left"/*.toml; do
      if [[ -e $config ]]; then end_groups_of "$config" "vmpool-$name-host-$pid"; fi
    done
    for netns in "vmpool-$name-host-$pid" "vmpool-$name-net-$pid"; do
      if [[ -e /run/netns/$netns ]]; then ip netns delete "$netns"; fi
    done
    rm -rf "$left"
  done
}

# The host, its plugin and the internet's stand-in, where only the shell was killed.
end_processes_in() {
  local netns=$1 left
  if [[ ! -e /run/netns/$netns ]]; then return; fi
  for ((try = 0; try < 100; try++)); do
    left=$(ip netns pids "$netns")
    if [[ -z $left ]]; then return; fi
    # shellcheck disable=SC2086 # Many.
    kill $left 2>/dev/null || true # One of them may have ended by itself.
    sleep 0.1
  done
  fail "does not end: process $left in $netns"
}

# It may be another hypervisor's than ours: what is prepared for that one is for here alone.
end_groups_of() {
  local config=$1 in_netns=() with_stand_in=() mounted='' cache=$cache stand_in_version=$stand_in_version status=0
  if [[ -e ${config%/*}/stand-in-version ]]; then stand_in_version=$(<"${config%/*}/stand-in-version"); fi
  if [[ -e /run/netns/$2 ]]; then in_netns=(nsenter --net="/run/netns/$2"); fi
  if grep -q 'hypervisor = "cloud-hypervisor"' "$config"; then prepare_cloud_hypervisor; fi
  "${with_stand_in[@]}" "${in_netns[@]}" env TMPDIR="$work/tmp" "$host" demo -plugin "$plugin" -config "$config" -count 0 || status=$?
  if [[ -n $mounted ]]; then umount "$mounted"; fi
  return "$status"
}

prepare_cloud_hypervisor() {
  if ! runs_overlays && ! can_reflink; then mount_reflinks; fi
  use_stand_in
}

# Where the plugin looks for it.
find_cloud_hypervisor() { PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin type -P cloud-hypervisor; }

# Cloud Hypervisor, installed or stood in for, runs qcow2 overlays from v54 on, so any file system will do.
runs_overlays() {
  local version=$stand_in_version program
  if program=$(find_cloud_hypervisor); then version=$("$program" -V); fi
  [[ $version =~ v?([0-9]+)\. ]] && ((BASH_REMATCH[1] >= 54))
}

# Lets the plugin find Cloud Hypervisor's stand-in where Cloud Hypervisor is not installed. The plugin looks for programs in the
# system's directories alone, whatever our PATH is: so one of them shows the stand-in, in the mounts of the plugin only.
use_stand_in() {
  local directory
  if find_cloud_hypervisor >/dev/null; then return; fi
  note "cloud-hypervisor is not installed: its stand-in runs the guests in QEMU"
  directory=$("$root/scripts/build-stand-in" "$stand_in_version")
  # Makes /run/netns a mount that is shared with the plugin: only then what it makes there is seen by its next process.
  ip netns add "$host_netns"
  ip netns delete "$host_netns"
  # shellcheck disable=SC2016 # The inner shell expands.
  with_stand_in=(unshare --mount --propagation unchanged sh -euc '
    mount --make-private "$(findmnt --noheadings --output TARGET --target /usr/local/sbin)"
    mount --bind "$1" /usr/local/sbin
    shift
    exec "$@"' sh "$directory")
}

# Raw disks, which are all that Cloud Hypervisor runs before v54, share their blocks. vm_disk_loop_gb would do the same, but mount it where only the plugin sees it.
mount_reflinks() {
  local file=$cache/reflinks.xfs
  note "files in $cache cannot share their blocks: images and disks go to a file system in $file"
  if [[ ! -e $file ]]; then
    truncate --size 60G "$file.new"
    mkfs.xfs -q -m reflink=1 "$file.new"
    mv "$file.new" "$file"
  fi
  cache=$cache/reflinks
  mkdir -p "$cache"
  if ! mountpoint -q "$cache"; then mount -o loop,discard "$file" "$cache"; fi
  mounted=$cache
}

can_reflink() {
  local source=$cache/.reflink-source.$$ copy=$cache/.reflink-copy.$$ result=0
  echo content >"$source"
  cp --reflink=always "$source" "$copy" 2>/dev/null || result=1
  rm -f "$source" "$copy"
  return $result
}

close_stage() {
  local status=$? config
  if [[ $status -ne 0 && -e /run/netns/$host_netns && -d $work/state ]]; then
    note "failed; what still runs is deleted by a group that is opened for nothing else"
    for config in "$work"/*.toml; do
      "${in_host[@]}" "$host" demo -plugin "$plugin" -config "$config" -count 0 || "$plugin" status --config "$config" >&2 || true # Reported is all that is left to do.
    done
  fi
  end_internet
  delete_namespaces
  if [[ -n $mounted ]]; then umount "$mounted" || status=1; fi
  rm -rf "$work"
  if [[ $status -ne 0 ]]; then echo "$stage: FAILED" >&2; fi
  exit "$status"
}

write_config() {
  cat >"$work/config.toml" <<CONFIG
[[runners]]
  executor = "instance"
  [runners.autoscaler]
    plugin = "fleeting-plugin-vmpool"
    [runners.autoscaler.plugin_config]
      name = "$stage"
      hypervisor = "$hypervisor"
      accel = "${ACCEL:-auto}"
      state_directory = "$work/state"
      vm_disk_directory = "$cache"
      vm_num_cpu_cores = 1
      vm_memory_mb = 1024
      vm_disk_size_gb = 10
      network.dns = ["192.0.2.53"]
CONFIG
  if [[ -n ${RELEASE:-} ]]; then echo "      image.release = \"$RELEASE\"" >>"$work/config.toml"; fi
  if [[ $# -gt 0 ]]; then printf '      %s\n' "$@" >>"$work/config.toml"; fi
}

# The demo's project as a bare repository that git's dumb HTTP protocol can serve from plain files.
make_repository() {
  local project=$work/project git=(git -c user.name=Demo -c user.email=demo@example.test -c init.defaultBranch=main)
  export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
  cp -r "$root/tests/demo/project" "$project"
  "${git[@]}" -C "$project" init --quiet
  "${git[@]}" -C "$project" add .
  "${git[@]}" -C "$project" commit --quiet --message "Squares: a program, its test and its artifact"
  mkdir "$work/www"
  "${git[@]}" clone --quiet --bare "$project" "$work/www/demo.git"
  git -C "$work/www/demo.git" update-server-info
  job=(-repository http://git.example.test/demo.git -artifact-sha256 "$(expected_sha256)")
}

# What the job's artifact must contain, worked out without the job's program.
expected_sha256() { for ((n = 1; n <= 1000; n++)); do echo "$n $((n * n))"; done | sha256sum | cut -d ' ' -f 1; }

# Image and template, where the package mirror can be reached, that is, before and outside the namespaces.
build_image() {
  note "image and template (made once; kept in $cache)"
  "${with_stand_in[@]}" "$plugin" image build --config "$work/config.toml"
}

# The template again: it depends on the egress interface's MTU, and inside the namespaces there is another one. Where clones
# are made it must be there before the host's state is taken.
build_template() {
  note "template (made once; kept in $cache)"
  "${in_host[@]}" "$plugin" image build --config "$work/config.toml"
}

make_namespaces() {
  local uplink=dm$$h far_end=dm$$i address # At most 15 characters are allowed.
  ip netns add "$host_netns"
  ip netns add "$internet_netns"
  ip link add "$uplink" netns "$host_netns" type veth peer name "$far_end" netns "$internet_netns"
  # A link-local address would appear some time later, in the middle of the comparison of before and after.
  ip -n "$host_netns" link set dev "$uplink" addrgenmode none mtu "$uplink_mtu"
  ip -n "$internet_netns" link set dev "$far_end" addrgenmode none
  ip -n "$host_netns" link set lo up
  ip -n "$host_netns" address add $egress/24 dev "$uplink"
  ip -n "$host_netns" address add $egress6/64 dev "$uplink" nodad
  ip -n "$host_netns" link set "$uplink" up
  ip -n "$host_netns" route add default via 192.0.2.254
  ip -n "$host_netns" route add default via 2001:db8::254
  ip -n "$internet_netns" link set lo up
  for address in 192.0.2.254/24 192.0.2.10/24 192.0.2.53/24; do
    ip -n "$internet_netns" address add $address dev "$far_end"
  done
  for address in 2001:db8::254/64 2001:db8::10/64; do
    ip -n "$internet_netns" address add $address dev "$far_end" nodad
  done
  for address in "${refused[@]}"; do
    if [[ $address == *:* ]]; then
      ip -n "$internet_netns" address add "$address/128" dev "$far_end" nodad
    else
      ip -n "$internet_netns" address add "$address/32" dev "$far_end"
    fi
  done
  ip -n "$internet_netns" link set "$far_end" up
}

delete_namespaces() {
  # The plugin's own slots are its business; only what make_namespaces made is removed here.
  for netns in "$host_netns" "$internet_netns"; do
    if [[ -e /run/netns/$netns ]]; then ip netns delete "$netns"; fi
  done
}

start_internet() {
  local listen="192.0.2.10:80,[2001:db8::10]:80" address
  for address in "${refused[@]}"; do
    if [[ $address == *:* ]]; then address="[$address]"; fi
    listen+=",$address:80"
    job+=(-refused "$address:80")
  done
  : >"$work/internet.out"
  nsenter --net="/run/netns/$internet_netns" "$host" internet -root "$work/www" -access-log "$work/access.log" \
    -http "$listen" -dns 192.0.2.53:53 \
    -names git.example.test=192.0.2.10,git.example.test=2001:db8::10 >"$work/internet.out" 2>"$work/internet.err" &
  internet_pid=$!
  for ((try = 0; try < 100; try++)); do
    if grep -q ready "$work/internet.out"; then return; fi
    kill -0 "$internet_pid" 2>/dev/null || break
    sleep 0.1
  done
  fail "the internet's stand-in did not start: $(cat "$work/internet.err")"
}

end_internet() {
  if [[ -n $internet_pid ]]; then
    kill "$internet_pid" 2>/dev/null || true # It may have ended by itself.
    wait "$internet_pid" 2>/dev/null || true # Ended by our signal is what we want.
    internet_pid=''
  fi
}

# Takes the state of the host that compare_host compares with.
snapshot_host() {
  local leak_options log
  note "before: a group is opened and closed once, so that what a group keeps for good is there"
  "${in_host[@]}" "$host" demo "${group[@]}" -count 0
  # What nobody uses any more, as after a change of the image, would otherwise go some time in the middle.
  "${in_host[@]}" "$plugin" gc --state-directory "$work/state"
  read -ra leak_options <<<"${LEAK_CHECK_OPTIONS:-}"
  # Old logs of image builds go when new ones come.
  for log in "$cache"/images/logs/*; do leak_options+=(--exclude "$log"); done
  "$leak_check" snapshot "$out/host-before" --dir "$work/state" --dir "$cache" --dir "$work/tmp" \
    --netns "$host_netns" --netns "$internet_netns" --marker "$work" "${leak_options[@]}"
}

compare_host() { "$leak_check" compare "$out/host-before"; }
