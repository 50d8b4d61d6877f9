/* mirror.conf as structs. Read once at start, and again on SIGHUP (config_file.h); never changed
 * afterwards.
 *
 * Every key is declared once, in the table of config.c, with its type, default, field and help text; the
 * reference in docs/configuration.md is printed from that table. */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

#define CONFIG_MAX_ITEMS 64 /* of one list, and sections of one kind */

struct string_list {
    char **items;
    size_t count;
};

struct server_config {
    struct string_list listen; /* "127.0.0.1:8080", "[::1]:8080", "unix:/path"; port 0 picks a free one */
    int64_t workers;           /* 0: auto (two per core) */
    int64_t max_connections;
    int64_t max_connections_per_client;
    int64_t memory_cache_bytes;
    char *access_log; /* "-", "off" or a path */
    /* Ends in "/"; NULL: the Host header is taken. Only /pypi/<project>/json needs absolute URLs. */
    char *public_url;
    int64_t abandon_bytes;   /* a fill of more than this ... */
    int64_t abandon_after_s; /* ... is given up when nobody has wanted it for this long */
    bool offline;
};

struct storage_config {
    char *path;
    int64_t max_size_bytes;
    int64_t min_free_bytes;
    int64_t keep_s;          /* 0: nothing is kept */
    struct string_list pins; /* "pypi:flask", "docker:nginx:1.27", see storage/catalog/holding.h */
};

struct pypi_config {
    int64_t ttl_s;
    int64_t stale_ttl_s;
    int64_t negative_ttl_s;
    int64_t list_ttl_s; /* of the root list /simple/ */
    int64_t max_page_bytes;
};

/* The keys that upstreams of every kind have. */
struct upstream_config {
    int64_t connections; /* parallel requests to this upstream */
    int64_t connect_timeout_s;
    int64_t first_byte_timeout_s; /* from the request to the status line */
    int64_t stall_timeout_s;      /* less than 1 KiB/s for this long: continue elsewhere */
    char *proxy;                  /* NULL: as the environment says; "": none */
};

/* [pypi "name"] */
struct pypi_upstream_config {
    char *name;
    char *index; /* ends in "/" */
    char *files; /* base that replaces "/packages/" (ends in "/"); NULL: learned from the upstream's pages */
    char *json;  /* base of <project>/json (ends in "/"); NULL: "pypi/" beside the index */
    struct upstream_config common;
};

/* One upstream of a registry. */
struct registry_upstream_config {
    char *url;      /* ends in "/"; its path is a prefix of the repositories */
    bool resolve;   /* no: good for blobs and manifests by digest, never asked what a tag is */
    char *username; /* NULL: anonymous */
    char *password; /* NULL: anonymous; read from password_file where that is given */
    char *password_file;
    struct string_list realms;   /* hosts of token servers outside the upstream's own domain */
    struct string_list rewrites; /* "from to": a repository that begins with `from` begins with `to` there */
    struct upstream_config common;
};

/* [registry "name"] */
struct registry_config {
    char *name; /* "docker.io", "127.0.0.1:5000" */
    bool is_default;
    struct string_list hosts; /* Host headers that mean this registry */
    int64_t tag_ttl_s;
    int64_t stale_ttl_s;
    int64_t negative_ttl_s;
    /* In the order of mirror.conf, each complete. Its strings belong to what follows. */
    struct registry_upstream_config *upstreams;
    size_t upstream_count;
    /* As the file has it. The keys of this section apply to the upstreams that have no [upstream "url"]. */
    struct string_list urls;
    struct registry_upstream_config own;
};

/* [prefetch "name"]: a list that the server fetches in advance, at regular times. An item of a list may hold
 * several values, separated by commas. */
struct prefetch_config {
    char *name;
    struct string_list lists;   /* paths */
    struct string_list images;  /* paths */
    struct string_list names;   /* "pypi:flask", "docker:nginx:1.27" */
    struct string_list pythons; /* "3.11" */
    struct string_list platforms;
    char *implementation;
    char *sdist;    /* "never", "fallback", "always" */
    char *versions; /* "newest", "all", a number */
    int64_t every_s;
    char *at; /* "03:00", local time; NULL: at any time */
};

struct config {
    struct server_config server;
    struct storage_config storage;
    struct pypi_config pypi;
    struct pypi_upstream_config *pypi_upstreams;
    size_t pypi_upstream_count;
    struct registry_config *registries;
    size_t registry_count;
    struct registry_upstream_config *registry_upstreams; /* [upstream "url"] */
    size_t registry_upstream_count;
    struct prefetch_config *prefetches;
    size_t prefetch_count;
};

void config_free(struct config *config);

/* Appends the reference of all keys: a Markdown table for each section. */
void config_print_reference(struct buf *out);

#endif
