# job.sh - guest job: the program under test over the virtual controller, in one boot. Each scene leaves a folder in OUT
# that check.py reads on the host. Settings come from ./env: AIR="vhci.py options".
. ./lib.sh
. ./env
BASE=$OUT
VICINO=/mnt/share/vicino

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
# refused NAME ARGS...: a scan that cannot begin
refused() { name=$1; shift; timeout 30 $VICINO scan --json --for 1s "$@" > $OUT/$name.out 2> $OUT/$name.err; echo $? > $OUT/$name.rc; }

# ---- what is missing at the start ------------------------------------------------------------------------------
scene errors
refused no_bus
start_dbus || { echo "no dbus"; exit 10; }
refused no_service
modprobe rfkill; modprobe bluetooth; modprobe hci_vhci; modprobe -a algif_hash algif_skcipher ecb cmac 2>/dev/null
/usr/libexec/bluetooth/bluetoothd -n 2> $OUT/bluetoothd.log & BLUETOOTHD_PID=$!
wait_for 20 busctl_get org.bluez / org.freedesktop.DBus.ObjectManager.GetManagedObjects
refused no_adapter
stop_bluetoothd
start_vhci --gen n=1000,rate=10,devs=2 --quiet-adv || { echo "no hci0"; exit 11; }
start_bluetoothd || { echo "no bluetoothd"; exit 12; }
refused wrong_adapter --adapter hci7
set_powered false
refused powered_off
blocks 1; sleep 1
refused blocked --power-on
blocks 0; sleep 1; set_powered false
refused power_on --power-on
# endings: a reader that has enough, and a signal
$VICINO scan --for 20s 2> $OUT/pipe.err | head -n 1 > $OUT/pipe.out; echo done > $OUT/pipe.rc
scan; more 10; scan_stop
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
scan; more 80; stop_bluetoothd; note killed; sleep 2; note back; start_bluetoothd; more 60; scan_stop
stop_vhci; stop_bluetoothd

# ---- the adapter blocked, then unplugged ------------------------------------------------------------------------------
scene adapter
start_vhci --gen n=6000,rate=8,devs=2; start_bluetoothd
scan; more 20; blocks 1; note blocked; sleep 2; note unblocked; blocks 0; set_powered true; more 50
mv $OUT/hci.jsonl $OUT/hci0.jsonl; stop_vhci; note unplugged; sleep 1; note plugged
start_vhci --gen n=6000,rate=8,devs=2; more 30; scan_stop
stop_vhci; stop_bluetoothd

# ---- the bus killed ----------------------------------------------------------------------------------------------------
scene bus
start_vhci --gen n=6000,rate=8,devs=2; start_bluetoothd
scan; more 20; kill -9 $DBUS_PID; wait $DBUS_PID 2>/dev/null; note killed; stop_bluetoothd; sleep 1
rm -f /run/dbus/system_bus_socket; note back; start_dbus; start_bluetoothd; more 30; scan_stop
kill $VHCI_PID; stop_bluetoothd
exit 0
