# SPDX-License-Identifier: Apache-2.0
"""A node that uses every key of the schema."""

FULL = """\
node: r1
device-id: 7
grpc-addr: "127.0.0.1:9601"
locator: {prefix: "fcbb:bb00:1::/48", block: 32, node: 16}
source: "fcbb:bb00:1::1"
sr-domain:
  {sid-block: ["fcbb:bb00::/32"], sources: ["fcbb:bb00::/32", "2001:db8::/32"], bogons: [special, "10.0.0.0/8"]}
upper-layer: [icmpv6, udp, 89]
icmp: {rate: 200, burst: 20}
limits:
  {neighbors: {rate: 50, burst: 60}, echo: {rate: 70}, local: null, unresolved: {burst: 8}, fragments: null,
   passes: {rate: 9, burst: 9}, sid-visits: 40}
oam: {o-flag: true}
vrfs: [blue, {name: red, id: 7}]
addresses: ["2001:db8:1::1/128", {address: "10.0.0.1/32", vrf: blue}]
ports:
  1:
    mac: "02:00:00:00:01:01"
    addresses: ["2001:db8:12::1/64", "10.0.12.1/24"]
    mtu: 9000
    role: internal
    interface: veth1
    vlans:
      100: {addresses: ["10.9.0.1/24"], vrf: red, mtu: 1400, role: external, urpf: "off"}
  2: {mac: "02:00:00:00:01:02", addresses: ["10.0.13.1/24", "2001:db8:b::1/64"], vrf: blue, policy: north, urpf: loose}
  3: {mode: l2, policy: frames}
  4: {mode: l2}
  5: {mac: "02:00:00:00:01:05", addresses: ["2001:db8:15::1/64"], urpf: strict}
neighbors:
  - {address: "2001:db8:12::2", port: 1, mac: "02:00:00:00:02:01"}
  - {address: "10.9.0.2", port: 1.100, mac: "02:00:00:00:02:09"}
  - {address: "2001:db8:15::2", mac: "02:00:00:00:02:05"}
neighbor-limits: {learned: 100, unresolved: 20, solicitations: 50, held: 30}
routes:
  - {prefix: "fcbb:bb00:4::/48", via: ["2001:db8:12::2", {address: "2001:db8:15::2", weight: 3}]}
  - {prefix: "fcbb:bb00:5::/48", via: {address: "fe80::5", port: 5}}
  - {prefix: "0.0.0.0/0", vrf: blue, via: [{address: "10.0.13.2", weight: 2}, {address: "10.0.13.3"}]}
  - {prefix: "2001:db8:dead::/48", blackhole: true}
  - {prefix: "2001:db8:77::/64", via: {port: 5}}
  - {prefix: "2001:db8:78::/64", nhid: 10}
nexthops:
  - {id: 1, via: "2001:db8:12::2"}
  - {id: 2, via: {address: "2001:db8:15::2", port: 5}}
  - {id: 3, blackhole: true}
  - {id: 10, group: [{id: 1, weight: 3}, 2]}
sysctl: {net.ipv6.seg6_flowlabel: 1, net.ipv6.conf.all.seg6_enabled: 0, net.ipv6.conf.5.seg6_enabled: 1}
sids:
  - {sid: "fcbb:bb00:1:e000::/64", behavior: End, flavors: [psp, usp, usd]}
  - {sid: "fcbb:bb00:1:e001::/64", behavior: End.X, via: "2001:db8:12::2"}
  - {sid: "fcbb:bb00:1:e002::/64", behavior: End.T, vrf: blue, in-vrf: red}
  - {sid: "fcbb:bb00:1:e003::/64", behavior: End.DX2, port: 4}
  - {sid: "fcbb:bb00:1:e004::/64", behavior: End.DX4, via: "10.0.13.2"}
  - {sid: "fcbb:bb00:1:e005::/64", behavior: End.DX6, via: "::"}
  - {sid: "fcbb:bb00:1:e006::/64", behavior: End.DX6, via: "2001:db8:b::9"}
  - {sid: "fcbb:bb00:1:e007::", behavior: end.dt46, vrf: blue, ttl: uniform, dscp: uniform, ecn: keep}
  - {sid: "fcbb:bb00:1:e008::/64", behavior: End.B6.Encaps, policy: north}
  - {sid: "fcbb:bb00:1:e009::/64", behavior: End.B6.Insert.Red, policy: north}
  - {sid: "fcbb:bb00:1:e00a::/64", behavior: End.DX2V, table: wires}
  - {sid: "fd00::1", behavior: End.DT4, vrf: 7, allow-outside-locator: true}
vlan-tables:
  - {name: wires, entries: [{vlan: 0, port: 4}, {vlan: 10, port: 1, rewrite: 20}, {vlan: 11, port: 4, rewrite: pop}]}
policies:
  - name: north
    encap:
      {mode: encap.red, source: "fcbb:bb00:1::9", hop-limit: inherit, traffic-class: 5, flow-label: copy,
       return-to: binding-sid}
    invalid: forward
    vrf: default
    segment-lists:
      - {weight: 4, segments: ["fcbb:bb00:4::", "fcbb:bb00:2::"]}
      - {weight: 2, segments: ["fcbb:bb00:1:e000::", "fcbb:bb00:2::"]}
  - {name: frames, encap: l2encap, segments: ["fcbb:bb00:5::"]}
  - name: packed
    compress: auto
    segments: ["fcbb:bb00:2::", {sid: "fcbb:bb00:4::", lblen: 32, nflen: 16, csid: next, pack: false}, "fcbb:bb00:5::"]
  - {name: by-hand, segments: ["2001:db8:b2:10:1::", {container: "::30:3:20:2"}]}
sid-structures:
  - {sids: "fcbb:bb00::/32", nflen: 16, csid: next}
  - {sids: ["fcbb:bb00:5:d046::", "fcbb:bb00:6:d046::/64"], lblen: 32, lnlen: 16, flen: 16, arglen: 0, csid: none}
steering:
  - {prefix: "2001:db8:99::/64", policy: north}
  - {prefix: "10.3.0.0/16", policy: north, vrf: blue}
  - {port: 1, policy: north}
  - match: {src: "2001:db8::/32", dst: "2001:db8:9::/48", protocol: udp, src-port: 1000, dst-port: 53,
            traffic-class: 0xb8, port: 1, vrf: blue}
    priority: 10
    policy: north
  - {match: {protocol: tcp}, policy: null}
"""
