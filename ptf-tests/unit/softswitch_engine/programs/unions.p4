// SPDX-License-Identifier: Apache-2.0
// Stacks of header unions, copies of stacks and unions, equality of headers.
#include <core.p4>
#include <v1model.p4>
header a_t { bit<8> t; bit<8> v; }
header b_t { bit<8> t; bit<16> v; }
header_union u_t { a_t a; b_t b; }
struct h_t { u_t[3] us; a_t[3] s1; a_t[3] s2; a_t x; }
struct m_t {}
parser P(packet_in p, out h_t h, inout m_t m, inout standard_metadata_t sm) {
 state start { transition select(p.lookahead<bit<8>>()) { 1: pa; 2: pb; 3: st; default: accept; } }
 state pa { p.extract(h.us.next.a); transition start; }
 state pb { p.extract(h.us.next.b); transition start; }
 state st { p.extract(h.s1.next); transition start; }
}
control V(inout h_t h, inout m_t m) { apply {} }
control I(inout h_t h, inout m_t m, inout standard_metadata_t sm) { apply { sm.egress_spec = 1;
  if (h.s1[0] == h.s1[1]) { h.x.setValid(); h.x.t = 0xee; h.x.v = 1; }
  h.s2 = h.s1; if (h.s2[1].isValid()) { h.s2[1].v = 0x77; }
  if (h.us[0].a.isValid()) { h.us[0].a.v = h.us[0].a.v + 1; }
  if (h.us[1].isValid()) { h.us[2] = h.us[0]; }
  } }
control V2(inout h_t h, inout m_t m, inout standard_metadata_t sm) { apply {} }
control D(packet_out p, in h_t h) { apply { p.emit(h); } }
V1Switch(P(), V(), I(), V2(), V(), D()) main;
