#!/bin/bash
# Looks into the Windows files of dist/, installs the Debian package into a fresh root folder, starts the program by the
# command of its menu entry under a display of its own, and wants its window within a
# minute. It leaves a picture of it in dist/started.png.
set -euo pipefail
cd "$(dirname "$0")/.."

# What Windows shows of a program before it runs: icon (3), group of icons (e), version
# (10), manifest (18); and whether it opens a console (3) or a window (2).
for exe in dist/*.exe; do
	case $exe in *-cli-*) subsystem=3 ;; *) subsystem=2 ;; esac
	seen=$(x86_64-w64-mingw32-objdump -p "$exe")
	grep -q "^Subsystem.*0*$subsystem\b" <<<"$seen" || { echo "$exe is of the wrong subsystem"; exit 1; }
	for kind in 3 e 10 18; do
		grep -q "ID: 0x0*$kind," <<<"$seen" || { echo "$exe has no resource of kind 0x$kind"; exit 1; }
	done
	if [ $subsystem = 2 ] && dlls=$(grep 'DLL Name' <<<"$seen" | grep -iE 'libgcc|libstdc|libwinpthread'); then
		echo "$exe needs libraries that Windows does not have: $dlls"; exit 1
	fi
	echo "$exe has its icon, version and manifest"
done

deb=$(ls dist/softphone-doctor_*.deb)
root=$(mktemp -d)
display=:${DISPLAY_NUMBER:-97}
pids=()
trap 'for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done; wait 2>/dev/null; rm -rf "$root"' EXIT
dpkg-deb -x "$deb" "$root"
for f in usr/bin/softphone-doctor usr/share/applications/softphone-doctor.desktop usr/share/mime/packages/softphone-doctor.xml usr/share/man/man1/softphone-doctor.1.gz \
	usr/share/man/man1/softphone-doctor-check.1.gz usr/share/bash-completion/completions/softphone-doctor usr/share/icons/hicolor/scalable/apps/softphone-doctor.svg usr/share/doc/softphone-doctor/copyright; do
	[ -s "$root/$f" ] || { echo "the package lacks $f"; exit 1; }
done
desktop-file-validate "$root/usr/share/applications/softphone-doctor.desktop"
xmllint --noout "$root/usr/share/mime/packages/softphone-doctor.xml"
for page in "$root"/usr/share/man/man1/*.gz; do
	warnings=$(zcat "$page" | man -l --warnings=w - 2>&1 >/dev/null)
	[ -z "$warnings" ] || { echo "$(basename "$page"): $warnings"; exit 1; }
done
bash -c 'source "$1" && complete -p softphone-doctor' sh "$root/usr/share/bash-completion/completions/softphone-doctor" >/dev/null
command=$(sed -n 's/^Exec=\(.*\)$/\1/p' "$root/usr/share/applications/softphone-doctor.desktop" | sed 's/ %[fFuU]//')
mkdir -p "$root/home"
Xvfb "$display" -screen 0 1100x800x24 >/dev/null 2>&1 & pids+=($!)
sleep 1
env -i HOME="$root/home" DISPLAY="$display" PATH="$root/usr/bin:/usr/bin:/bin" LANG=C.UTF-8 sh -c "exec $command" & pids+=($!)
for _ in $(seq 60); do
	if DISPLAY=$display xdotool search --name 'Softphone Doctor' >/dev/null 2>&1; then
		DISPLAY=$display import -window root dist/started.png
		[ "$(identify -format %k dist/started.png)" -gt 50 ] || { sleep 1; continue; } # nothing is painted yet
		echo "$command of $(basename "$deb") opened its window"
		exit 0
	fi
	kill -0 "${pids[1]}" 2>/dev/null || { echo "$command ended"; exit 1; }
	sleep 1
done
echo "$command opened no window within a minute"
exit 1
