/* Public or not, by the IANA special-purpose address registries (RFC 6890), as tables of what is closed:
 * everything else is public. An IPv6 address that carries an IPv4 one is judged by that, because a NAT64 or
 * 6to4 gateway, or the kernel for a mapped address, would connect there. */
#include "formats/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

struct network {
    const char *text;
    unsigned char bytes[16];
    unsigned bits;
};

/* The networks that those registries call not globally reachable, and multicast; without 198.18/15 (see the
 * header) and the ranges for documentation, where nothing answers. The names are for readers of this file
 * only. */
static const struct network closed_v4[] = {
    {"unspecified", {0}, 8},       {"private", {10}, 8},           {"shared", {100, 64}, 10},
    {"loopback", {127}, 8},        {"link-local", {169, 254}, 16}, {"private", {172, 16}, 12},
    {"protocol", {192, 0, 0}, 24}, {"private", {192, 168}, 16},    {"multicast", {224}, 4},
    {"reserved", {240}, 4},
};

static const struct network closed_v6[] = {
    {"unique local", {0xfc}, 7},
    {"link-local", {0xfe, 0x80}, 10},
    {"site-local", {0xfe, 0xc0}, 10},
    {"multicast", {0xff}, 8},
};

/* IPv6 networks that carry an IPv4 address, at this byte. The compatible ones contain :: and ::1 as well,
 * which come out closed: read as IPv4 they are in 0/8. */
static const struct {
    struct network network;
    size_t at;
} carriers[] = {
    {{"compatible", {0}, 96}, 12},
    {{"mapped", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96}, 12},
    {{"NAT64", {0, 0x64, 0xff, 0x9b}, 96}, 12},
    {{"6to4", {0x20, 0x02}, 16}, 2},
};

static bool in_network(const unsigned char *address, const unsigned char *network, unsigned bits)
{
    size_t whole = bits / 8;

    if (memcmp(address, network, whole) != 0)
        return false;
    if (bits % 8 == 0)
        return true;
    unsigned mask = 0xffu << (8 - bits % 8);
    return ((address[whole] ^ network[whole]) & mask & 0xffu) == 0;
}

static bool public_v4(const unsigned char *address)
{
    for (size_t i = 0; i < sizeof(closed_v4) / sizeof(closed_v4[0]); i++)
        if (in_network(address, closed_v4[i].bytes, closed_v4[i].bits))
            return false;
    return true;
}

static bool public_v6(const unsigned char *address)
{
    for (size_t i = 0; i < sizeof(closed_v6) / sizeof(closed_v6[0]); i++)
        if (in_network(address, closed_v6[i].bytes, closed_v6[i].bits))
            return false;
    for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++)
        if (in_network(address, carriers[i].network.bytes, carriers[i].network.bits))
            return public_v4(address + carriers[i].at);
    return true;
}

bool address_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return public_v4(
            (const unsigned char *)&((const struct sockaddr_in *)(const void *)address)->sin_addr);
    if (address->sa_family == AF_INET6)
        return public_v6(
            (const unsigned char *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
    return false;
}

/* Reads a numeric address. A zone ("fe80::1%eth0") is ignored: it says which link, not which address. Returns
 * the length in bytes, 4 or 16; 0 if the text is not an address. inet_pton() takes only the strict forms, so
 * "127.1" and "0x7f000001", which some resolvers would connect to, are names here. */
static unsigned read_numeric(const char *text, size_t len, unsigned char out[16])
{
    char copy[INET6_ADDRSTRLEN];

    for (size_t i = 0; i < len; i++)
        if (text[i] == '%')
            len = i;
    if (len >= sizeof(copy))
        return 0;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (inet_pton(AF_INET, copy, out) == 1)
        return 4;
    return inet_pton(AF_INET6, copy, out) == 1 ? 16 : 0;
}

bool address_text_public(const char *text, bool *numeric)
{
    unsigned char address[16];
    unsigned bytes = read_numeric(text, strlen(text), address);

    *numeric = bytes > 0;
    if (bytes == 4)
        return public_v4(address);
    return bytes == 16 && public_v6(address);
}

bool address_text_in(const char *text, const char *network)
{
    unsigned char address[16];
    unsigned char net[16];
    const char *slash = strchr(network, '/');
    size_t len = slash ? (size_t)(slash - network) : strlen(network);
    unsigned bytes = read_numeric(network, len, net);
    uint64_t bits = bytes * 8;

    /* A mapped address is not in an IPv4 network here: configured networks are compared as they are
     * written. */
    if (!bytes || read_numeric(text, strlen(text), address) != bytes)
        return false;
    if (slash && (text_parse_uint(slash + 1, strlen(slash + 1), &bits) < 0 || bits > bytes * 8))
        return false;
    return in_network(address, net, (unsigned)bits);
}
