# job.sh - guest job: the program under test over the virtual controller, in one boot. Each scene leaves a folder in OUT
# that check.py reads on the host. Settings come from ./env: AIR="vhci.py options".
. ./lib.sh
. ./env
BASE=$OUT
# in memory, as the shared folder is slow
cp vicino /tmp/vicino; chmod 755 /tmp/vicino; VICINO=/tmp/vicino

scene() { OUT=$BASE/$1; mkdir -p $OUT; rm -rf /var/lib/bluetooth/*; }
note() { python3 -c "import json,sys,time; print(json.dumps({'wall_us': time.time_ns() // 1000, 'note': sys.argv[1]}))" "$1" >> $OUT/notes.jsonl; }
# scan ARGS...: in the background; output goes over memory, because the shared folder is slow
scan() { $VICINO scan --json "$@" > /tmp/scan.jsonl 2> /tmp/scan.err & SCAN_PID=$!; }
scan_end() { wait $SCAN_PID; echo $? > $OUT/rc; cp /tmp/scan.jsonl /tmp/scan.err $OUT/; }
scan_stop() { kill -TERM $SCAN_PID; scan_end; }
# more N: waits until N more advertisements are printed
more() { WANT=$(( $(heard) + $1 )); wait_for 40 enough || echo "waited in vain for $1 advertisements"; }
# settle: waits until no more advertisements are printed, for three seconds
settle() { n=-1; while [ $n -ne $(heard) ]; do n=$(heard); sleep 3; done; }
heard() { grep -c '"advert"' /tmp/scan.jsonl; }
enough() { [ $(heard) -ge $WANT ]; }
no_adapter() { test ! -d /sys/class/bluetooth/hci0; }
stop_vhci() { kill $VHCI_PID; wait $VHCI_PID; wait_for 5 no_adapter; }
stop_bluetoothd() { kill -9 $BLUETOOTHD_PID 2>/dev/null; wait $BLUETOOTHD_PID 2>/dev/null; }
set_powered() { dbus-send --system --print-reply --dest=org.bluez /org/bluez/hci0 org.freedesktop.DBus.Properties.Set string:org.bluez.Adapter1 string:Powered variant:boolean:$1 > /dev/null; }
blocks() { for r in /sys/class/rfkill/rfkill*; do [ "$(cat $r/type)" = bluetooth ] && echo $1 > $r/soft; done; }
# doctor NAME: what it says now, for people and for programs; AS is a prefix for both verbs
doctor() {
    for form in text json; do
        arg=; [ $form = text ] || arg=--json
        $AS timeout 30 $VICINO doctor $arg > $OUT/$1.doctor.$form 2> $OUT/$1.doctor.$form.err; echo $? > $OUT/$1.doctor.$form.rc
    done
}
# attempt NAME ARGS...: a scan that may not begin
attempt() { name=$1; shift; $AS timeout 30 $VICINO scan --json --for 1s "$@" > $OUT/$name.out 2> $OUT/$name.err; echo $? > $OUT/$name.rc; took $name; }
took() { read up rest < /proc/uptime; echo "$up $1"; }
# refused NAME ARGS...: the doctor, then a scan; it changes nothing before the scan asks for it
refused() { doctor $1; attempt "$@"; }
# hung NAME: both at once, where each waits for its own limit
hung() { attempt "$1" & A=$!; doctor $1; wait $A; }
as_bob="/usr/bin/setpriv --reuid=bob --regid=bob --init-groups"
AS=

# ---- what is missing at the start ------------------------------------------------------------------------------
scene errors
refused no_bus
python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('/run/dbus/system_bus_socket')"
refused stale_bus
rm -f /run/dbus/system_bus_socket
start_dbus || { echo "no dbus"; exit 10; }
refused no_service
# as installed, but without systemd to start it: Debian's own file says /bin/false
helper=/usr/lib/dbus-1.0/dbus-daemon-launch-helper; chgrp 101 $helper 2>/dev/null || chown root:messagebus $helper; chmod 4754 $helper
mkdir -p /usr/share/dbus-1/system-services
printf '[D-BUS Service]\nName=org.bluez\nExec=/bin/false\nUser=root\n' > /usr/share/dbus-1/system-services/org.bluez.service
kill -HUP $DBUS_PID; sleep 1
refused no_activation
# as systemd does where there is no adapter: it starts nothing, and the bus waits
sed -i 's:/bin/false:/bin/sleep 20:' /usr/share/dbus-1/system-services/org.bluez.service; kill -HUP $DBUS_PID; sleep 1
hung waiting_service
rm /usr/share/dbus-1/system-services/org.bluez.service; kill -HUP $DBUS_PID
modprobe rfkill; modprobe bluetooth; modprobe hci_vhci; modprobe -a algif_hash algif_skcipher ecb cmac 2>/dev/null
/usr/libexec/bluetooth/bluetoothd -n 2> $OUT/bluetoothd.log & BLUETOOTHD_PID=$!
wait_for 20 busctl_get org.bluez / org.freedesktop.DBus.ObjectManager.GetManagedObjects
refused no_adapter
start_vhci --broken
sleep 1
refused unused_adapter
stop_vhci; stop_bluetoothd
start_vhci --gen n=1000,rate=10,devs=2 --quiet-adv || { echo "no hci0"; exit 11; }
start_bluetoothd || { echo "no bluetoothd"; exit 12; }
# who may: everyone by Debian's policy, unless another policy says no
AS=$as_bob; refused anyone
cat > /etc/dbus-1/system.d/denied.conf <<'P'
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><policy user="bob"><deny send_destination="org.bluez"/></policy></busconfig>
P
kill -HUP $DBUS_PID; sleep 1
refused not_permitted
AS=; rm /etc/dbus-1/system.d/denied.conf; kill -HUP $DBUS_PID; sleep 1
refused wrong_adapter --adapter hci7
# another program scans already
$VICINO scan --summary > /tmp/other.out 2> /tmp/other.err & OTHER=$!
wait_for 20 grep -q scanning /tmp/other.err
refused shared
kill -TERM $OTHER; wait $OTHER
kill -STOP $BLUETOOTHD_PID; hung hung_service; kill -CONT $BLUETOOTHD_PID
kill -STOP $DBUS_PID; hung hung_bus; kill -CONT $DBUS_PID; sleep 1
kill -STOP $VHCI_PID; refused mute_adapter; kill -CONT $VHCI_PID; sleep 1
set_powered false
refused powered_off
kill -STOP $VHCI_PID; set_powered true & SETTING=$!
sleep 0.5; refused busy --power-on
kill -CONT $VHCI_PID; wait $SETTING; sleep 1; set_powered false
blocks 1; sleep 1
refused blocked
attempt blocked_power_on --power-on
blocks 0; sleep 1; set_powered false
# no machine here has a switch of its own: what the kernel would show of one is laid over
mount -t tmpfs none /sys/class/rfkill; mkdir /sys/class/rfkill/rfkill0; cd /sys/class/rfkill/rfkill0
echo bluetooth > type; echo hci0 > name; echo 0 > soft; echo 1 > hard; cd /mnt/share
refused blocked_hard --power-on
umount /sys/class/rfkill
attempt power_on --power-on
refused well
# endings: a reader that has enough, and a signal
$VICINO scan --for 20s 2> $OUT/pipe.err | head -n 1 > $OUT/pipe.out; echo done > $OUT/pipe.rc
scan; more 10; scan_stop
# the screen, once
mkdir /tmp/home; cd /tmp/home; HOME=/tmp/home python3 /mnt/share/screen.py 6 /tmp/screen.raw $VICINO; echo $? > $OUT/screen.rc
cp /tmp/screen.raw $OUT/; cd /mnt/share; took screen
stop_vhci; stop_bluetoothd

# ---- a capture from the air --------------------------------------------------------------------------------------
scene air
start_vhci $AIR; start_bluetoothd
scan; wait_for 90 grep -q replay_over $OUT/hci.jsonl || echo "the replay did not end"
settle; scan_stop
echo "air: bluetoothd rss $(rss_kb $BLUETOOTHD_PID) kB"
stop_vhci; stop_bluetoothd

# ---- rotation, and the service killed and started again in the middle ----------------------------------------------
scene service
start_vhci --gen n=6000,rate=8,devs=2,rotate=3; start_bluetoothd
scan; more 80; stop_bluetoothd; note killed; doctor killed; sleep 1; note back; start_bluetoothd; more 60; scan_stop
stop_vhci; stop_bluetoothd

# ---- the adapter blocked, switched off, unplugged ------------------------------------------------------------------------------
scene adapter
start_vhci --gen n=6000,rate=8,devs=2; start_bluetoothd
scan; more 20; blocks 1; note blocked; doctor blocked; sleep 1; note unblocked; blocks 0; set_powered true; more 30
set_powered false; note off; doctor off; sleep 1; note on; set_powered true; more 20
mv $OUT/hci.jsonl $OUT/hci0.jsonl; stop_vhci; note unplugged; doctor unplugged; note plugged
start_vhci --gen n=6000,rate=8,devs=2; more 30; scan_stop
stop_vhci; stop_bluetoothd

# ---- the bus killed ----------------------------------------------------------------------------------------------------
scene bus
start_vhci --gen n=6000,rate=8,devs=2; start_bluetoothd
scan; more 20; kill -9 $DBUS_PID; wait $DBUS_PID 2>/dev/null; note killed; stop_bluetoothd; doctor killed
rm -f /run/dbus/system_bus_socket; note back; start_dbus; start_bluetoothd; more 30; scan_stop
kill $VHCI_PID; stop_bluetoothd
exit 0
