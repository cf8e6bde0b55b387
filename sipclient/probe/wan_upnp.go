package probe

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// upnpPort is that of UPnP's discovery.
const upnpPort = 1900

// upnpServices have the action GetExternalIPAddress (UPnP IGD 1 and 2).
var upnpServices = []string{
	"urn:schemas-upnp-org:service:WANIPConnection:2", "urn:schemas-upnp-org:service:WANIPConnection:1", "urn:schemas-upnp-org:service:WANPPPConnection:1",
}

// mostXML is how much of a router's descriptions is read.
const mostXML = 256 << 10

// upnpAddress asks a router for its outside address by UPnP. The search goes to the
// router alone and not, as usual, to everybody in the network (UPnP DA 1.1, 1.3.2), and
// no other machine is asked whatever the answers name.
func upnpAddress(ctx context.Context, router netip.Addr) (netip.Addr, error) {
	location, err := upnpSearch(ctx, router)
	if err != nil {
		return netip.Addr{}, err
	}
	client := routerClient(router)
	defer client.CloseIdleConnections()
	description, err := fetch(ctx, client, http.MethodGet, location, "", "")
	if err != nil {
		return netip.Addr{}, err
	}
	service, control := upnpControl(description)
	at, err := location.Parse(control)
	if err != nil || control == "" {
		return netip.Addr{}, errRouterSilent
	}
	const name = "GetExternalIPAddress"
	body := `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">` +
		`<s:Body><u:` + name + ` xmlns:u="` + service + `"></u:` + name + `></s:Body></s:Envelope>`
	answer, err := fetch(ctx, client, http.MethodPost, at, `"`+service+"#"+name+`"`, body)
	if err != nil {
		return netip.Addr{}, err
	}
	addr, err := netip.ParseAddr(strings.TrimSpace(firstElement(answer, "NewExternalIPAddress")))
	if err != nil || !outsideAddress(addr.Unmap()) {
		return netip.Addr{}, errRouterSilent
	}
	return addr.Unmap(), nil
}

// upnpSearch asks where the router describes itself.
func upnpSearch(ctx context.Context, router netip.Addr) (*url.URL, error) {
	to := netip.AddrPortFrom(router, upnpPort)
	o, err := openOutlet(router)
	if err != nil {
		return nil, err
	}
	o.Close() // only its address is needed: answers may come from another port than 1900
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(o.local.Addr(), 0)))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })()
	buf := make([]byte, 4096)
	for ctx.Err() == nil {
		for _, service := range upnpServices {
			search := "M-SEARCH * HTTP/1.1\r\nHOST: " + to.String() + "\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: " + service + "\r\n\r\n"
			if _, err := conn.WriteToUDPAddrPort([]byte(search), to); err != nil {
				return nil, err
			}
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		for ctx.Err() == nil {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				break
			} else if err != nil {
				return nil, err
			}
			if from.Addr().Unmap() != router {
				continue
			}
			if location := upnpLocation(buf[:n]); location != nil {
				return location, nil
			}
		}
	}
	return nil, errRouterSilent
}

// upnpLocation reads where a search's answer says that the description is.
func upnpLocation(data []byte) *url.URL {
	r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(data)), nil)
	if err != nil {
		return nil
	}
	_ = r.Body.Close()
	at, err := url.Parse(r.Header.Get("Location"))
	if r.StatusCode != http.StatusOK || err != nil || at.Scheme != "http" || at.Host == "" {
		return nil
	}
	return at
}

// routerClient speaks HTTP with the router only, whatever address a URL names.
func routerClient(router netip.Addr) *http.Client {
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(addr)
		if err != nil || host != router.String() {
			return nil, errRouterSilent
		}
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(host, port))
	}
	return &http.Client{
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// fetch gives the start of a page, at most mostXML of it. A soap action is added where
// there is one.
func fetch(ctx context.Context, client *http.Client, method string, at *url.URL, action, body string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, at.String(), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if action != "" {
		request.Header.Set("Content-Type", `text/xml; charset="utf-8"`)
		request.Header["SOAPAction"] = []string{action} // some routers know this spelling only
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errRouterSilent
	}
	return io.ReadAll(io.LimitReader(response.Body, mostXML))
}

// upnpControl finds in a router's description the service that knows the outside
// address, and where it is controlled.
func upnpControl(description []byte) (service, control string) {
	d := xml.NewDecoder(bytes.NewReader(description))
	var kind, at, text string
	for {
		token, err := d.Token()
		if err != nil {
			return "", ""
		}
		switch t := token.(type) {
		case xml.StartElement:
			if text = ""; t.Name.Local == "service" {
				kind, at = "", ""
			}
		case xml.CharData:
			text += string(t)
		case xml.EndElement:
			switch t.Name.Local {
			case "serviceType":
				kind = strings.TrimSpace(text)
			case "controlURL":
				at = strings.TrimSpace(text)
			case "service":
				if slices.Contains(upnpServices, kind) && at != "" {
					return kind, at
				}
			}
			text = ""
		}
	}
}

// firstElement is the text of the first element with a name.
func firstElement(document []byte, name string) string {
	d := xml.NewDecoder(bytes.NewReader(document))
	for {
		token, err := d.Token()
		if err != nil {
			return ""
		}
		if t, ok := token.(xml.StartElement); ok && t.Name.Local == name {
			var text string
			if d.DecodeElement(&text, &t) != nil {
				return ""
			}
			return text
		}
	}
}
