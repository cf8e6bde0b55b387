#!/bin/bash
# Makes the packages in dist/: a Debian package and an archive of the window's build, the
# command line as one file for Linux, Windows and macOS, and, where a compiler for it is
# there, the window for Windows. It is called by make package, which has built bin/.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/^Version = "\(.*\)"$/\1/p' FyneApp.toml)
arch=$(go env GOARCH)
name=softphone-doctor
out=dist
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p $out

# tree DIR lays the installed files out below DIR.
tree() {
	install -Dsm755 bin/$name "$1/usr/bin/$name" # without symbols; a crash still names its lines
	install -Dm644 packaging/$name.desktop "$1/usr/share/applications/$name.desktop"
	install -Dm644 packaging/icon.svg "$1/usr/share/icons/hicolor/scalable/apps/$name.svg"
	install -Dm644 packaging/icon.png "$1/usr/share/icons/hicolor/256x256/apps/$name.png"
	install -Dm644 packaging/$name.xml "$1/usr/share/mime/packages/$name.xml"
	install -Dm644 packaging/copyright "$1/usr/share/doc/$name/copyright"
	install -Dm644 README.md "$1/usr/share/doc/$name/README.md"
	gzip -9nc CHANGELOG.md | install -Dm644 /dev/stdin "$1/usr/share/doc/$name/CHANGELOG.md.gz"
	mkdir -p "$1/usr/share/man/man1"
	bin/$name man "$1/usr/share/man/man1"
	gzip -9n "$1"/usr/share/man/man1/*.1
	for shell in bash:bash-completion/completions/$name zsh:zsh/vendor-completions/_$name fish:fish/vendor_completions.d/$name.fish; do
		bin/$name completion "${shell%%:*}" | install -Dm644 /dev/stdin "$1/usr/share/${shell#*:}"
	done
}

# The Debian package. Fyne opens the libraries of the display when it starts, so no tool
# finds them in the file.
deb=$stage/deb
tree "$deb"
mkdir -p "$deb/DEBIAN"
libc=$(objdump -T bin/$name 2>/dev/null | sed -n 's/.*GLIBC_\([0-9.]*\).*/\1/p' | sort -uV | tail -1 || true)
cat >"$deb/DEBIAN/control" <<CONTROL
Package: $name
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: Softphone Doctor <softphone-doctor@example.com>
Installed-Size: $(du -sk "$deb/usr" | cut -f1)
Depends: libc6 (>= ${libc:-2.36}), libgl1, libx11-6, libwayland-client0, libxcursor1, libxrandr2, libxinerama1, libxi6, libxxf86vm1
Recommends: libpulse0 | libasound2, xdg-utils
Section: net
Priority: optional
Homepage: https://softphone.doctor
Description: finds out why a softphone does not work
 Signs in with a person's own phone account as a test softphone, places real
 calls, watches every packet, and says in one plain sentence what is wrong,
 where it is, what to do about it, and why it is sure. Captures of packets
 get the same diagnosis.
CONTROL
(cd "$deb" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
dpkg-deb --root-owner-group --build "$deb" "$out/${name}_${version}_$(dpkg --print-architecture).deb" >/dev/null

# The archive, to unpack anywhere.
tree "$stage/$name-$version"
tar -C "$stage" --owner=0 --group=0 --sort=name -cJf "$out/$name-$version-linux-$arch.tar.xz" "$name-$version"

# The command line, one file each without libraries. Windows gets its icon, version and
# manifest by a resource file, which go build takes in by its name.
cli() {
	CGO_ENABLED=0 GOOS=$1 GOARCH=$2 go build -tags nogui -o "$out/$name-cli-$version-$1-$2$3" .
}
resources() {
	sed "s/@VERSION@/$version/; s/@COMMAS@/${version//./,},0/" packaging/windows.rc >"$stage/windows.rc"
	sed "s/@DOTS@/$version.0/" packaging/windows.manifest >"$stage/windows.manifest"
	x86_64-w64-mingw32-windres -I "$stage" -I packaging "$stage/windows.rc" -O coff -o resources_windows_amd64.syso
}
trap 'rm -rf "$stage" resources_windows_amd64.syso' EXIT
resources
cli linux amd64 ""
cli linux arm64 ""
cli windows amd64 .exe
cli darwin arm64 ""
cli darwin amd64 ""

# The window for Windows takes minutes, so it is asked for: WINDOWS=1 make package.
if [ -n "${WINDOWS:-}" ]; then
	CGO_ENABLED=1 GOOS=windows GOARCH=amd64 CC=x86_64-w64-mingw32-gcc go build -ldflags -H=windowsgui -o "$out/$name-$version-windows-amd64.exe" .
fi
ls -l $out
