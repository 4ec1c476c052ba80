/* SPDX-License-Identifier: Apache-2.0
 *
 * What every generated pipeline shares.  The generated file defines NTABLES ... and struct pkt, and includes this one;
 * then it defines `run`, and includes changes.h and packets.h, the functions that are called from outside.
 */
#ifndef SOFTSWITCH_RUNTIME_H
#define SOFTSWITCH_RUNTIME_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "externs.h"
#include "switch.h"

#endif
