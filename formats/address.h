/* Which IP addresses belong to the public Internet. Everything an upstream makes us connect to must (SSRF):
 * not loopback, link-local, private, shared (100.64/10: cloud metadata lives there too), unspecified,
 * multicast or reserved; IPv4 addresses inside IPv6 ones (mapped, compatible, NAT64, 6to4) count as the IPv4
 * addresses.
 *
 * 198.18/15 passes: local proxies hand it out in place of real addresses. */
#ifndef FORMATS_ADDRESS_H
#define FORMATS_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* False for anything that is neither IPv4 nor IPv6. */
bool address_public(const struct sockaddr *address);
/* Whether a numeric address without brackets is public; *numeric tells whether it was one. False for a
 * name. */
bool address_text_public(const char *text, bool *numeric);
/* True if `text` is a numeric address inside `network`: "10.0.0.1", "10.0.0.0/8", "fd00::/8". */
bool address_text_in(const char *text, const char *network);

#endif
