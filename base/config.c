/* The table of keys, and structs filled, printed and freed by it. No state but constant tables.
 *
 * The table is the only place that knows the keys: parsing, defaults, freeing, the reference and `help
 * config` all walk it, so a key cannot be documented and not read, or read and not freed. */
#include "base/config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/config_private.h"
#include "base/config_value.h"
#include "base/memory.h"
#include "base/text.h"

/* Numbers first, texts from VALUE_PATH on. */
enum value_type {
    VALUE_SIZE,       /* int64_t, bytes */
    VALUE_TIME,       /* int64_t, seconds */
    VALUE_COUNT,      /* int64_t */
    VALUE_AUTO_COUNT, /* int64_t; "auto" is 0 */
    VALUE_BOOL,       /* bool */
    VALUE_PATH,       /* char * */
    VALUE_URL,        /* char *, ends in "/" */
    VALUE_PROXY,      /* char *; "none" is "" */
    VALUE_LISTEN,     /* char * */
    VALUE_USERNAME,   /* char * */
    VALUE_SECRET,     /* char *, never shown */
    VALUE_REGISTRY,   /* char *, a URL that ends in "/" */
    VALUE_HOST,       /* char *, optionally with a port */
    VALUE_REALM,      /* char *, a host without a port */
    VALUE_REWRITE,    /* char *, two words */
    VALUE_PIN,        /* char *, pypi:... or docker:... */
    VALUE_CLOCK,      /* char *, HH:MM */
    VALUE_SDIST,      /* char *, a policy */
    VALUE_VERSIONS,   /* char *, how many */
    VALUE_WORDS,      /* char *, separated by commas; checked where they are used */
};

struct config_key {
    const struct config_section *section;
    const char *name;
    enum value_type type;
    bool list; /* struct string_list of a char * type */
    size_t offset;
    const char *initial; /* the default in the form that the file takes; NULL: none */
    bool required;
    int64_t min, max; /* of a number */
    const char *help;
};

enum section_id { SERVER, STORAGE, PYPI, PYPI_UPSTREAM, REGISTRY, REGISTRY_UPSTREAM, PREFETCH, SECTIONS };

static void *open_config(struct config *config, const char *name);
static void *open_pypi_upstream(struct config *config, const char *name);
static void *open_registry(struct config *config, const char *name);
static void *open_registry_upstream(struct config *config, const char *name);
static void *open_prefetch(struct config *config, const char *name);
static void set_defaults(const struct config_section *section, void *base);

static const struct config_section sections[SECTIONS] = {
    [SERVER] = {"server", NULL, "The HTTP server.", NULL, open_config},
    [STORAGE] = {"storage", NULL,
                 "The store: where packages and images are kept, and how much of the disk it may take.", NULL,
                 open_config},
    [PYPI] = {"pypi", NULL, "The PyPI index as a whole.", NULL, open_config},
    [PYPI_UPSTREAM] =
        {"pypi", "name",
         "One PyPI upstream. The name is your choice and appears in logs. Upstreams are tried in the "
         "order of the file.",
         config_word_expected, open_pypi_upstream},
    [REGISTRY] =
        {"registry", "name",
         "One container registry, under the name that it has in image names: `docker.io`, `ghcr.io`, "
         "`registry.lan:5000`. The keys from `resolve` on apply to those of its upstreams that have no "
         "`[upstream \"URL\"]` section.",
         config_registry_expected, open_registry},
    [REGISTRY_UPSTREAM] =
        {"upstream", "URL",
         "One upstream of a registry, by its URL as given in `upstream =`. The keys of the registry's "
         "section do not apply to it then: anything not given here has its default.",
         config_registry_url_expected, open_registry_upstream},
    [PREFETCH] =
        {"prefetch", "name",
         "Packages and images that the server fetches in advance at regular times, as `yizhan prefetch` "
         "does. The name is your choice; `pin = prefetch:NAME` keeps what the list needs.",
         config_word_expected, open_prefetch},
};

#define S(id) &sections[id]
#define IN_CONFIG(field) offsetof(struct config, field)
#define IN_PYPI(field) offsetof(struct pypi_upstream_config, field)
#define IN_REGISTRY(field) offsetof(struct registry_config, field)
#define IN_PREFETCH(field) offsetof(struct prefetch_config, field)
#define KB (INT64_C(1) << 10)
#define MB (INT64_C(1) << 20)
#define TB (INT64_C(1) << 40)
#define DAY (INT64_C(86400))

static const struct config_key keys[] = {
    {S(SERVER), "listen", VALUE_LISTEN, true, IN_CONFIG(server.listen), "127.0.0.1:8080", false, 0, 0,
     "Where clients connect. `0.0.0.0:8080` is every IPv4 address, `*:8080` every IPv4 and IPv6 "
     "address, `unix:/run/yizhan.sock` a socket for a web server in front."},
    {S(SERVER), "workers", VALUE_AUTO_COUNT, false, IN_CONFIG(server.workers), "auto", false, 1, 256,
     "Threads that answer requests; `auto` is two per processor."},
    {S(SERVER), "max_connections", VALUE_COUNT, false, IN_CONFIG(server.max_connections), "20000", false, 1,
     1000000, "Open client connections in total; any more are refused."},
    {S(SERVER), "max_connections_per_client", VALUE_COUNT, false,
     IN_CONFIG(server.max_connections_per_client), "2000", false, 1, 1000000,
     "Open connections from one address (IPv6: one /64)."},
    {S(SERVER), "memory_cache", VALUE_SIZE, false, IN_CONFIG(server.memory_cache_bytes), "128M", false, 0, TB,
     "Memory for frequently used pages and metadata."},
    {S(SERVER), "access_log", VALUE_PATH, false, IN_CONFIG(server.access_log), "-", false, 0, 0,
     "One line per request: `-` is standard output, `off` writes no log, anything else the path of a "
     "file."},
    {S(SERVER), "public_url", VALUE_URL, false, IN_CONFIG(server.public_url), NULL, false, 0, 0,
     "The address that clients use, if a web server in front changes it. Only `/pypi/<project>/json` "
     "needs it; without it, the request's Host header is used."},
    {S(SERVER), "abandon_size", VALUE_SIZE, false, IN_CONFIG(server.abandon_bytes), "64M", false, 0, TB,
     "A download larger than this is abandoned `abandon_after` after its last client has left; "
     "smaller ones are always finished."},
    {S(SERVER), "abandon_after", VALUE_TIME, false, IN_CONFIG(server.abandon_after_s), "5m", false, 0, DAY,
     "How long a large download continues with no client waiting for it."},
    {S(SERVER), "offline", VALUE_BOOL, false, IN_CONFIG(server.offline), "no", false, 0, 0,
     "`yes`: contact no upstream. What is in the store is served, everything else is missing."},

    {S(STORAGE), "path", VALUE_PATH, false, IN_CONFIG(storage.path), "./var", false, 0, 0,
     "Folder of the store, created if it is missing. A relative path starts in the folder where the "
     "program is started."},
    {S(STORAGE), "max_size", VALUE_SIZE, false, IN_CONFIG(storage.max_size_bytes), "100G", false, MB,
     INT64_MAX, "Above this size, the content that has gone unused for longest is evicted."},
    {S(STORAGE), "min_free", VALUE_SIZE, false, IN_CONFIG(storage.min_free_bytes), "2G", false, 0, INT64_MAX,
     "Content is evicted in the same order when less than this is left on the disk."},
    {S(STORAGE), "keep", VALUE_TIME, false, IN_CONFIG(storage.keep_s), "0s", false, 0, 3650 * DAY,
     "Content used within this time is not evicted for `max_size`, so the store may grow past it. It "
     "is evicted only when the disk has less than `min_free` left, or no space at all."},
    {S(STORAGE), "pin", VALUE_PIN, true, IN_CONFIG(storage.pins), NULL, false, 0, 0,
     "Never evicted: a project (`pypi:flask`, `pypi:flask==3.*`), an image (`docker:nginx`, "
     "`docker:ghcr.io/owner/app:1.2`), or what a `[prefetch]` list needs (`prefetch:nightly`)."},

    {S(PYPI), "ttl", VALUE_TIME, false, IN_CONFIG(pypi.ttl_s), "10m", false, 0, 365 * DAY,
     "How long a project page is served without asking an upstream."},
    {S(PYPI), "stale_ttl", VALUE_TIME, false, IN_CONFIG(pypi.stale_ttl_s), "1d", false, 0, 3650 * DAY,
     "How long after `ttl` the old page is still served while it is refreshed in the background. "
     "After that, clients wait for the refresh; if no upstream answers, they get the old page, "
     "however old."},
    {S(PYPI), "negative_ttl", VALUE_TIME, false, IN_CONFIG(pypi.negative_ttl_s), "60s", false, 0, DAY,
     "How long \"not found\" is remembered."},
    {S(PYPI), "list_ttl", VALUE_TIME, false, IN_CONFIG(pypi.list_ttl_s), "1d", false, 0, 365 * DAY,
     "Like `ttl`, for the list of all projects at `/simple/`."},
    {S(PYPI), "max_page", VALUE_SIZE, false, IN_CONFIG(pypi.max_page_bytes), "64M", false, KB, 1024 * MB,
     "Upstream pages larger than this are refused."},

    {S(PYPI_UPSTREAM), "index", VALUE_URL, false, IN_PYPI(index), NULL, true, 0, 0,
     "Its simple index, as you would give it to pip."},
    {S(PYPI_UPSTREAM), "files", VALUE_URL, false, IN_PYPI(files), NULL, false, 0, 0,
     "The URL that corresponds to `/packages/` on this upstream. Without it, it is learned from the "
     "upstream's pages."},
    {S(PYPI_UPSTREAM), "json", VALUE_URL, false, IN_PYPI(json), NULL, false, 0, 0,
     "The URL in front of `<project>/json` on this upstream. Without it, `pypi/` next to the index "
     "is used."},

/* clang-format off */
/* Every kind of upstream has these. */
#define IN_UPSTREAM(common, field) ((common) + offsetof(struct upstream_config, field))
#define UPSTREAM_KEYS(section, common)                                                                     \
    {S(section), "connections", VALUE_COUNT, false, IN_UPSTREAM(common, connections), "8", false, 1, 256,  \
     "Parallel requests to this upstream."},                                                               \
    {S(section), "connect_timeout", VALUE_TIME, false, IN_UPSTREAM(common, connect_timeout_s), "5s",       \
     false, 1, 600,                                                                                        \
     "How long to wait for a connection."},                                                                \
    {S(section), "first_byte_timeout", VALUE_TIME, false, IN_UPSTREAM(common, first_byte_timeout_s),       \
     "30s", false, 1, 3600,                                                                                \
     "How long to wait for the first byte of the answer."},                                                \
    {S(section), "stall_timeout", VALUE_TIME, false, IN_UPSTREAM(common, stall_timeout_s), "30s", false,   \
     1, 3600,                                                                                              \
     "A transfer slower than 1 KiB/s for this long continues from another upstream."},                     \
    {S(section), "proxy", VALUE_PROXY, false, IN_UPSTREAM(common, proxy), NULL, false, 0, 0,               \
     "Proxy for this upstream; `none` is a direct connection. Without it, the environment decides "        \
     "(`https_proxy`, `no_proxy`)."}
/* And every upstream of a registry these. */
#define IN_ONE(start, field) ((start) + offsetof(struct registry_upstream_config, field))
#define REGISTRY_UPSTREAM_KEYS(section, start)                                                             \
    {S(section), "resolve", VALUE_BOOL, false, IN_ONE(start, resolve), "yes", false, 0, 0,                 \
     "`no`: ask it only for blobs and for manifests by digest, never what a tag points to. For "           \
     "mirrors whose tags are out of date."},                                                               \
    {S(section), "username", VALUE_USERNAME, false, IN_ONE(start, username), NULL, false, 0, 0,            \
     "User name; without it, requests are anonymous. Everybody who can reach this server can then "        \
     "pull what this user can. Credentials may be in the registry's section only if it has a single "      \
     "upstream."},                                                                                         \
    {S(section), "password", VALUE_SECRET, false, IN_ONE(start, password), NULL, false, 0, 0,              \
     "The password, or an access token. One that contains ` ;` or ` #` must go into a "                    \
     "`password_file`."},                                                                                  \
    {S(section), "password_file", VALUE_PATH, false, IN_ONE(start, password_file), NULL, false, 0, 0,      \
     "A file whose first line is the password, read at start and on SIGHUP. A relative path starts "       \
     "in the folder where the program is started."},                                                       \
    {S(section), "realm", VALUE_REALM, true, IN_ONE(start, realms), NULL, false, 0, 0,                     \
     "Host of a token server outside the upstream's own domain that the upstream may refer us to. "        \
     "Credentials are sent there too."},                                                                   \
    {S(section), "rewrite", VALUE_REWRITE, true, IN_ONE(start, rewrites), NULL, false, 0, 0,               \
     "For an upstream that names repositories differently: a repository that begins with the first "       \
     "word is asked for with the second in its place. If several rules match, the first one is used."},    \
    UPSTREAM_KEYS(section, IN_ONE(start, common))
    /* clang-format on */

    UPSTREAM_KEYS(PYPI_UPSTREAM, IN_PYPI(common)),

    {S(REGISTRY), "upstream", VALUE_REGISTRY, true, IN_REGISTRY(urls), NULL, true, 0, 0,
     "A server to pull from: the registry itself or a mirror of it. They are tried in this order. A "
     "path in the URL is put before the repository."},
    {S(REGISTRY), "default", VALUE_BOOL, false, IN_REGISTRY(is_default), "no", false, 0, 0,
     "`yes`: image names without a registry belong to this one. At most one registry can have it."},
    {S(REGISTRY), "host", VALUE_HOST, true, IN_REGISTRY(hosts), NULL, false, 0, 0,
     "A host name of this server: requests with it in the Host header are for this registry."},
    {S(REGISTRY), "tag_ttl", VALUE_TIME, false, IN_REGISTRY(tag_ttl_s), "10m", false, 0, 365 * DAY,
     "How long a tag is served without asking an upstream whether it has changed."},
    {S(REGISTRY), "stale_ttl", VALUE_TIME, false, IN_REGISTRY(stale_ttl_s), "1d", false, 0, 3650 * DAY,
     "How long after `tag_ttl` the old tag is still served while an upstream is asked in the "
     "background. After that, clients wait for the answer; if no upstream answers, they get the old "
     "tag, however old."},
    {S(REGISTRY), "negative_ttl", VALUE_TIME, false, IN_REGISTRY(negative_ttl_s), "60s", false, 0, DAY,
     "How long \"not found\" is remembered."},
    REGISTRY_UPSTREAM_KEYS(REGISTRY, IN_REGISTRY(own)),

    REGISTRY_UPSTREAM_KEYS(REGISTRY_UPSTREAM, 0),

    {S(PREFETCH), "list", VALUE_PATH, true, IN_PREFETCH(lists), NULL, false, 0, 0,
     "A list of packages: requirements.txt, pylock.toml, uv.lock, poetry.lock, Pipfile.lock. A "
     "relative path starts in the folder where the program is started."},
    {S(PREFETCH), "images", VALUE_PATH, true, IN_PREFETCH(images), NULL, false, 0, 0,
     "A list of images, one per line, or a Compose file or Kubernetes manifests (`.yml`, `.yaml`)."},
    {S(PREFETCH), "name", VALUE_WORDS, true, IN_PREFETCH(names), NULL, false, 0, 0,
     "One package or image: `pypi:flask==3.*`, `docker:nginx:1.27`."},
    {S(PREFETCH), "python", VALUE_WORDS, true, IN_PREFETCH(pythons), NULL, false, 0, 0,
     "Python versions to fetch packages for: `3.10,3.11`. Without it, the version of the server's "
     "`python3`."},
    {S(PREFETCH), "platform", VALUE_WORDS, true, IN_PREFETCH(platforms), NULL, false, 0, 0,
     "Platforms of wheels (`linux_x86_64,win_amd64`) and of images (`linux/amd64,linux/arm64`). Without it, "
     "this "
     "machine's."},
    {S(PREFETCH), "implementation", VALUE_WORDS, false, IN_PREFETCH(implementation), "cp", false, 0, 0,
     "Python implementation: `cp` (CPython) or `pp` (PyPy)."},
    {S(PREFETCH), "sdist", VALUE_SDIST, false, IN_PREFETCH(sdist), "fallback", false, 0, 0,
     "Source distributions: `never`, only where there is no wheel (`fallback`), or `always`."},
    {S(PREFETCH), "versions", VALUE_VERSIONS, false, IN_PREFETCH(versions), "newest", false, 0, 0,
     "How many versions to fetch of each package that is named."},
    {S(PREFETCH), "every", VALUE_TIME, false, IN_PREFETCH(every_s), "1d", false, 60, 365 * DAY,
     "Time from the start of one run to the start of the next."},
    {S(PREFETCH), "at", VALUE_CLOCK, false, IN_PREFETCH(at), NULL, false, 0, 0,
     "Local time of day at which runs begin. Without it, the first run begins when the server "
     "starts."},
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

/* ---- sections ---- */

static void *open_config(struct config *config, const char *name)
{
    (void)name;
    return config;
}

static void *open_pypi_upstream(struct config *config, const char *name)
{
    size_t count = config->pypi_upstream_count;

    if (count == CONFIG_MAX_ITEMS)
        return NULL;
    config->pypi_upstreams = xrealloc(config->pypi_upstreams, (count + 1) * sizeof(*config->pypi_upstreams));
    config->pypi_upstreams[count] = (struct pypi_upstream_config){.name = xstrdup(name)};
    config->pypi_upstream_count++;
    set_defaults(&sections[PYPI_UPSTREAM], &config->pypi_upstreams[count]);
    return &config->pypi_upstreams[count];
}

static void *open_registry(struct config *config, const char *name)
{
    size_t count = config->registry_count;

    if (count == CONFIG_MAX_ITEMS)
        return NULL;
    config->registries = xrealloc(config->registries, (count + 1) * sizeof(*config->registries));
    config->registries[count] = (struct registry_config){.name = xstrdup(name)};
    config->registry_count++;
    set_defaults(&sections[REGISTRY], &config->registries[count]);
    return &config->registries[count];
}

static void *open_registry_upstream(struct config *config, const char *name)
{
    size_t count = config->registry_upstream_count;

    if (count == CONFIG_MAX_ITEMS)
        return NULL;
    config->registry_upstreams =
        xrealloc(config->registry_upstreams, (count + 1) * sizeof(*config->registry_upstreams));
    config->registry_upstreams[count] = (struct registry_upstream_config){.url = xstrdup(name)};
    config->registry_upstream_count++;
    set_defaults(&sections[REGISTRY_UPSTREAM], &config->registry_upstreams[count]);
    return &config->registry_upstreams[count];
}

static void *open_prefetch(struct config *config, const char *name)
{
    size_t count = config->prefetch_count;

    if (count == CONFIG_MAX_ITEMS)
        return NULL;
    config->prefetches = xrealloc(config->prefetches, (count + 1) * sizeof(*config->prefetches));
    config->prefetches[count] = (struct prefetch_config){.name = xstrdup(name)};
    config->prefetch_count++;
    set_defaults(&sections[PREFETCH], &config->prefetches[count]);
    return &config->prefetches[count];
}

const struct config_section *config_section_find(const char *word, bool named)
{
    for (int i = 0; i < SECTIONS; i++)
        if (!sections[i].name_word == !named && strcmp(sections[i].word, word) == 0)
            return &sections[i];
    return NULL;
}

const struct config_section *config_section_with_key(const char *key_name)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strcmp(keys[i].name, key_name) == 0)
            return keys[i].section;
    return NULL;
}

const struct config_key *config_key_at(const struct config_section *section, size_t number)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (keys[i].section == section && number-- == 0)
            return &keys[i];
    return NULL;
}

void config_section_print(const struct config_section *section, struct buf *out)
{
    if (section->name_word)
        buf_printf(out, "[%s \"%s\"]", section->word, section->name_word);
    else
        buf_printf(out, "[%s]", section->word);
}

void config_print_sections(struct buf *out)
{
    for (int i = 0; i < SECTIONS; i++) {
        buf_add_text(out, i ? ", " : "");
        config_section_print(&sections[i], out);
    }
}

void config_section_print_keys(const struct config_section *section, struct buf *out)
{
    const struct config_key *key;

    for (size_t i = 0; (key = config_key_at(section, i)); i++)
        buf_printf(out, "%s%s", i ? ", " : "", key->name);
}

/* ---- keys ---- */

const char *config_key_name(const struct config_key *key)
{
    return key->name;
}

void config_key_print_value(const struct config_key *key, const char *text, struct buf *out)
{
    if (key->type == VALUE_SECRET)
        buf_add_text(out, "...");
    else
        config_print_masked(out, text);
}

bool config_key_is_list(const struct config_key *key)
{
    return key->list;
}

bool config_key_is_required(const struct config_key *key)
{
    return key->required;
}

static bool key_is_number(const struct config_key *key)
{
    return key->type <= VALUE_AUTO_COUNT;
}

static void print_number(const struct config_key *key, int64_t number, struct buf *out)
{
    if (key->type == VALUE_SIZE)
        config_print_size(out, number);
    else if (key->type == VALUE_TIME)
        config_print_time(out, number);
    else
        buf_printf(out, "%" PRId64, number);
}

void config_key_print_expected(const struct config_key *key, struct buf *out)
{
    static const char *const words[] = {
        [VALUE_SIZE] = "a size such as 64M (K M G T)",
        [VALUE_TIME] = "a time such as 10m (s m h d)",
        [VALUE_COUNT] = "a number",
        [VALUE_AUTO_COUNT] = "auto or a number",
        [VALUE_BOOL] = "yes or no",
        [VALUE_PATH] = "a path",
        [VALUE_URL] = "an http:// or https:// URL",
        [VALUE_PROXY] = "a URL such as http://127.0.0.1:3128 or socks5h://127.0.0.1:1080, or none",
        [VALUE_LISTEN] = "address:port, [IPv6 address]:port, *:port or unix:/path",
        [VALUE_USERNAME] = "a user name",
        [VALUE_SECRET] = "a password",
        [VALUE_REGISTRY] = "an http:// or https:// URL",
        [VALUE_HOST] = "a host name, optionally with a port",
        [VALUE_REALM] = "a host without scheme, port and path, such as auth.docker.io",
        [VALUE_REWRITE] = "two repository name prefixes: from to",
        [VALUE_PIN] = "pypi:PROJECT, docker:IMAGE or prefetch:LIST",
        [VALUE_CLOCK] = "a time of day such as 03:00",
        [VALUE_SDIST] = "never, fallback or always",
        [VALUE_VERSIONS] = "newest, all or a number",
        [VALUE_WORDS] = "words separated by commas",
    };

    buf_add_text(out, words[key->type]);
    if (!key_is_number(key))
        return;
    if (key->max == INT64_MAX) {
        if (!key->min)
            return;
        buf_add_text(out, ", at least ");
        print_number(key, key->min, out);
        return;
    }
    buf_add_text(out, " from ");
    print_number(key, key->min, out);
    buf_add_text(out, " to ");
    print_number(key, key->max, out);
}

static int parse_count(const char *text, int64_t *out)
{
    uint64_t number;

    if (text_parse_uint(text, strlen(text), &number) < 0 || number > INT64_MAX)
        return -1;
    *out = (int64_t)number;
    return 0;
}

static const char *set_number(const struct config_key *key, int64_t *field, const char *text)
{
    int64_t number = 0;
    int result = 0;

    if (key->type == VALUE_AUTO_COUNT && strcmp(text, "auto") == 0) {
        *field = 0;
        return NULL;
    }
    if (key->type == VALUE_SIZE)
        result = config_parse_size(text, &number);
    else if (key->type == VALUE_TIME)
        result = config_parse_time(text, &number);
    else
        result = parse_count(text, &number);
    if (result < 0)
        return "it is not one";
    if (number < key->min || number > key->max)
        return "it is out of range";
    *field = number;
    return NULL;
}

static const char *set_bool(bool *field, const char *text)
{
    if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
        return "it is neither";
    *field = strcmp(text, "yes") == 0;
    return NULL;
}

/* Returns NULL with the value in heap memory in *out, or the fault. */
static const char *normalize_text(const struct config_key *key, const char *text, char **out)
{
    struct buf CLEANUP_BUF normal = BUF_INIT;
    const char *problem = NULL;

    if (key->type == VALUE_URL)
        problem = config_url_problem(text, &normal);
    else if (key->type == VALUE_LISTEN)
        problem = config_listen_problem(text);
    else if (key->type == VALUE_REGISTRY)
        problem = config_registry_url_problem(text, &normal);
    else if (key->type == VALUE_HOST)
        problem = config_host_problem(text);
    else if (key->type == VALUE_REALM)
        problem = config_realm_problem(text, &normal);
    else if (key->type == VALUE_USERNAME)
        problem = config_username_problem(text);
    else if (key->type == VALUE_REWRITE)
        problem = config_rewrite_problem(text);
    else if (key->type == VALUE_PIN)
        problem = config_pin_problem(text);
    else if (key->type == VALUE_CLOCK)
        problem = config_clock_problem(text);
    else if (key->type == VALUE_SDIST)
        problem = config_sdist_problem(text);
    else if (key->type == VALUE_VERSIONS)
        problem = config_versions_problem(text);
    else if (key->type == VALUE_PROXY && strcmp(text, "none") == 0)
        text = "";
    else if (key->type == VALUE_PROXY)
        problem = config_proxy_problem(text);
    if (!problem)
        *out = normal.len ? buf_take(&normal) : xstrdup(text);
    return problem;
}

static const char *set_text(const struct config_key *key, void *field, const char *text)
{
    char *value = NULL;
    const char *problem = normalize_text(key, text, &value);

    if (problem)
        return problem;
    if (!key->list) {
        free(*(char **)field);
        *(char **)field = value;
        return NULL;
    }
    struct string_list *list = field;
    if (list->count == CONFIG_MAX_ITEMS) {
        free(value);
        return "there are too many of it already";
    }
    list->items = xrealloc(list->items, (list->count + 1) * sizeof(*list->items));
    list->items[list->count++] = value;
    return NULL;
}

int config_key_set(const struct config_key *key, void *base, const char *text, struct buf *error)
{
    void *field = (char *)base + key->offset;
    const char *problem = key_is_number(key)        ? set_number(key, field, text)
                          : key->type == VALUE_BOOL ? set_bool(field, text)
                                                    : set_text(key, field, text);

    if (!problem)
        return 0;
    buf_printf(error, "%s = ", key->name);
    config_key_print_value(key, text, error);
    buf_add_text(error, ": expected ");
    config_key_print_expected(key, error);
    buf_printf(error, "; %s", problem);
    return -1;
}

void config_key_clear(const struct config_key *key, void *base)
{
    void *field = (char *)base + key->offset;

    if (key->list) {
        struct string_list *list = field;
        for (size_t i = 0; i < list->count; i++)
            free(list->items[i]);
        free(list->items);
        *list = (struct string_list){NULL, 0};
    } else if (key->type >= VALUE_PATH) {
        free_secret(*(char **)field); /* more than one type holds passwords */
        *(char **)field = NULL;
    }
}

/* ---- a whole config ---- */

static void set_defaults(const struct config_section *section, void *base)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    const struct config_key *key;

    for (size_t i = 0; (key = config_key_at(section, i)); i++)
        if (key->initial && config_key_set(key, base, key->initial, &error) < 0)
            BUG("default of %s: %s", key->name, error.data);
}

static void release_keys(const struct config_section *section, void *base)
{
    const struct config_key *key;

    for (size_t i = 0; (key = config_key_at(section, i)); i++)
        config_key_clear(key, base);
}

struct config *config_new(void)
{
    struct config *config = xcalloc(1, sizeof(*config));

    for (int i = 0; i < SECTIONS; i++)
        if (!sections[i].name_word)
            set_defaults(&sections[i], config);
    return config;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (int i = 0; i < SECTIONS; i++)
        if (!sections[i].name_word)
            release_keys(&sections[i], config);
    for (size_t i = 0; i < config->pypi_upstream_count; i++) {
        release_keys(&sections[PYPI_UPSTREAM], &config->pypi_upstreams[i]);
        free(config->pypi_upstreams[i].name);
    }
    free(config->pypi_upstreams);
    for (size_t i = 0; i < config->registry_count; i++) {
        release_keys(&sections[REGISTRY], &config->registries[i]);
        free(config->registries[i].name);
        free(config->registries[i].upstreams);
    }
    free(config->registries);
    for (size_t i = 0; i < config->registry_upstream_count; i++) {
        release_keys(&sections[REGISTRY_UPSTREAM], &config->registry_upstreams[i]);
        free(config->registry_upstreams[i].url);
    }
    free(config->registry_upstreams);
    for (size_t i = 0; i < config->prefetch_count; i++) {
        release_keys(&sections[PREFETCH], &config->prefetches[i]);
        free(config->prefetches[i].name);
    }
    free(config->prefetches);
    free(config);
}

/* ---- the reference ---- */

/* "|" would end the cell. */
static void print_table_cell(const char *text, struct buf *out)
{
    for (; *text; text++) {
        if (*text == '|')
            buf_add_char(out, '\\');
        buf_add_char(out, *text);
    }
}

static void print_key_row(const struct config_key *key, struct buf *out)
{
    struct buf CLEANUP_BUF expected = BUF_INIT;

    config_key_print_expected(key, &expected);
    buf_printf(out, "| `%s` | ", key->name);
    print_table_cell(expected.data, out);
    if (key->list)
        buf_add_text(out, "; may be given several times");
    if (key->initial)
        buf_printf(out, " | `%s` | ", key->initial);
    else
        buf_add_text(out, key->required ? " | must be given | " : " | – | ");
    print_table_cell(key->help, out);
    buf_add_text(out, " |\n");
}

void config_print_reference(struct buf *out)
{
    const struct config_key *key;

    for (int i = 0; i < SECTIONS; i++) {
        buf_add_text(out, i ? "\n### `" : "### `");
        config_section_print(&sections[i], out);
        buf_printf(out, "`\n\n%s\n\n| key | takes | default | meaning |\n| --- | --- | --- | --- |\n",
                   sections[i].help);
        for (size_t k = 0; (key = config_key_at(&sections[i], k)); k++)
            print_key_row(key, out);
    }
}
