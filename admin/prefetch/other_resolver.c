/* Resolving by pip or uv, where they are on the machine: they say which versions, and which files that means for the target
 * is found out as for a lock file. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/prefetch/prefetch.h"
#include "admin/prefetch/program.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/python/requirement.h"
#include "formats/python/wheel_tag.h"

#define ARGUMENTS_MAX 2048

/* One call of the program. */
struct call {
    struct prefetch *prefetch;
    const struct wants *wants;
    const struct python_target *target;
    char *arguments[ARGUMENTS_MAX + 1]; /* heap; ends in NULL */
    size_t count;
    char folder[32]; /* of the requirements */
};

static void add(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct call *call, const char *format, ...)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    va_list args;

    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    if (call->count < ARGUMENTS_MAX)
        call->arguments[call->count++] = buf_take(&text);
}

/* ---- requirements ---- */

static void print_format(const char *option, const struct wants_strings *names, struct buf *out)
{
    for (size_t i = 0; i < names->count; i++)
        buf_printf(out, "%s %s\n", option, names->items[i]);
}

/* ":all:" takes back what was said before it, and only one of the two can have it: as its first, which comes first. */
static void print_formats(const struct wants *wants, struct buf *out)
{
    bool last = wants->no_binary.count && strcmp(wants->no_binary.items[0], ":all:") == 0;

    if (!last)
        print_format("--only-binary", &wants->only_binary, out);
    print_format("--no-binary", &wants->no_binary, out);
    if (last)
        print_format("--only-binary", &wants->only_binary, out);
}

static int write_requirements(const struct call *call, const char *name, const struct list_requirement *list,
                              size_t count)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    char *CLEANUP_FREE path = xasprintf("%s/%s", call->folder, name);
    char hex[2 * HASH_MAX_BYTES + 1];

    if (list == call->wants->requirements)
        print_formats(call->wants, &text);
    for (size_t i = 0; i < count; i++) {
        requirement_print(&list[i].requirement, &text);
        for (size_t k = 0; k < list[i].hash_count; k++) {
            checksum_hex(&list[i].hashes[k], hex);
            buf_printf(&text, " --hash=%s:%s", hash_kind_name(list[i].hashes[k].kind), hex);
        }
        buf_add_char(&text, '\n');
    }
    FILE *file = fopen(path, "we");
    if (!file)
        return -1;
    size_t written = fwrite(text.data, 1, text.len, file);
    return fclose(file) == 0 && written == text.len ? 0 : -1;
}

static int make_files(struct call *call)
{
    memcpy(call->folder, "/tmp/yizhan-XXXXXX", sizeof("/tmp/yizhan-XXXXXX"));
    if (!mkdtemp(call->folder)) {
        *call->folder = '\0';
        return -1;
    }
    if (write_requirements(call, "requirements.txt", call->wants->requirements,
                           call->wants->requirement_count) < 0)
        return -1;
    return write_requirements(call, "constraints.txt", call->wants->constraints,
                              call->wants->constraint_count);
}

static void remove_files(const struct call *call)
{
    char *CLEANUP_FREE requirements = xasprintf("%s/requirements.txt", call->folder);
    char *CLEANUP_FREE constraints = xasprintf("%s/constraints.txt", call->folder);

    if (!*call->folder)
        return;
    unlink(requirements);
    unlink(constraints);
    rmdir(call->folder);
}

/* ---- the index ---- */

static void add_index(struct call *call, const char *option)
{
    const char *url = call->prefetch->url;
    size_t len = strlen(url);

    while (len && url[len - 1] == '/')
        len--;
    add(call, "%s=%.*s/simple/", option, (int)len, url);
}

/* ---- pip ---- */

/* "cp310-cp310-manylinux_2_28_x86_64": each platform once. */
static void add_platforms(struct call *call)
{
    const struct word_list *tags = wheel_tags_list(call->target->tags);
    struct word_list CLEANUP_WORD_LIST platforms = WORD_LIST_INIT;

    for (size_t i = 0; i < tags->count; i++)
        word_list_add(&platforms, "%s", strrchr(tags->items[i], '-') + 1);
    for (size_t i = 0; i < platforms.count; i++)
        if (strcmp(platforms.items[i], "any") != 0)
            add(call, "--platform=%s", platforms.items[i]);
}

static void make_pip_call(struct call *call)
{
    static const char *const words[] = {"python3",
                                        "-m",
                                        "pip",
                                        "--isolated",
                                        "--disable-pip-version-check",
                                        "--no-input",
                                        "install",
                                        "--dry-run",
                                        "--quiet",
                                        "--ignore-installed",
                                        "--only-binary=:all:",
                                        "--report=-",
                                        "--target=.",
                                        NULL};
    const struct marker_environment *environment = &call->target->environment;
    const char *host = strstr(call->prefetch->url, "://");

    for (size_t i = 0; words[i]; i++)
        add(call, "%s", words[i]);
    add_index(call, "--index-url");
    if (host) {
        host += strlen("://");
        add(call, "--trusted-host=%.*s", (int)(*host == '[' ? strcspn(host, "]") + 1 : strcspn(host, "/:")),
            host);
    }
    add(call, "--python-version=%s", environment->python_full_version);
    add(call, "--implementation=%s", strcmp(environment->implementation_name, "pypy") == 0 ? "pp" : "cp");
    add_platforms(call);
    if (call->wants->prereleases)
        add(call, "--pre");
    add(call, "--constraint=%s/constraints.txt", call->folder);
    add(call, "--requirement=%s/requirements.txt", call->folder);
}

/* "pip inspect" and installation reports, version 1: install[].metadata.name and version. */
static void take_pip_report(struct call *call, const struct buf *output)
{
    static const struct json_limits limits = {64, 1000000, 10000000};
    struct buf CLEANUP_BUF why = BUF_INIT;
    json_t *CLEANUP_JSON root = json_read_object(output->data, output->len, &limits, &why);
    const json_t *list = json_object_get(root, "install");
    size_t i;
    const json_t *item;

    if (!json_is_array(list)) {
        prefetch_fail(call->prefetch, "pip's report %s", root ? "lists nothing to install" : why.data);
        return;
    }
    json_array_foreach(list, i, item)
    {
        const json_t *metadata = json_object_get(item, "metadata");
        const char *name = json_text_member(metadata, "name");
        const char *version = json_text_member(metadata, "version");
        if (!name || !version)
            continue;
        char *CLEANUP_FREE text = xasprintf("%s==%s", name, version);
        prefetch_plan_pinned(call->prefetch, call->wants, call->target, text, "pip");
    }
}

/* ---- uv ---- */

static const char *uv_platform(const struct marker_environment *environment)
{
    static const char *const names[][3] = {
        {"linux", "x86_64", "x86_64-unknown-linux-gnu"}, {"linux", "aarch64", "aarch64-unknown-linux-gnu"},
        {"darwin", "x86_64", "x86_64-apple-darwin"},     {"darwin", "arm64", "aarch64-apple-darwin"},
        {"win32", "AMD64", "x86_64-pc-windows-msvc"},    {"win32", "ARM64", "aarch64-pc-windows-msvc"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(environment->sys_platform, names[i][0]) == 0 &&
            strcmp(environment->platform_machine, names[i][1]) == 0)
            return names[i][2];
    return NULL;
}

static void make_uv_call(struct call *call)
{
    const struct marker_environment *environment = &call->target->environment;
    const char *platform = uv_platform(environment);

    add(call, "uv");
    add(call, "pip");
    add(call, "compile");
    add(call, "--quiet");
    add(call, "--no-config");
    add(call, "--no-header");
    add(call, "--no-annotate");
    add_index(call, "--default-index");
    add(call, "--python-version=%s", environment->python_version);
    if (platform)
        add(call, "--python-platform=%s", platform);
    if (call->prefetch->options->sdist == SDIST_NEVER)
        add(call, "--only-binary=:all:");
    if (call->wants->prereleases)
        add(call, "--prerelease=allow");
    add(call, "--constraint=%s/constraints.txt", call->folder);
    add(call, "%s/requirements.txt", call->folder);
}

/* A requirement a line. */
static void take_uv_output(struct call *call, const struct buf *output)
{
    const char *rest = output->data;
    const char *line;
    size_t len;

    while ((line = text_next(&rest, '\n', &len))) {
        text_trim(&line, &len);
        char *CLEANUP_FREE text = xstrndup(line, len);
        if (len && *text != '#' && *text != '-')
            prefetch_plan_pinned(call->prefetch, call->wants, call->target, text, "uv");
    }
}

/* ---- all ---- */

void prefetch_resolve_elsewhere(struct prefetch *prefetch, const struct wants *wants,
                                const struct python_target *target)
{
    struct call *CLEANUP_FREE call = xcalloc(1, sizeof(*call));
    struct buf CLEANUP_BUF output = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;
    bool pip = prefetch->options->resolver == RESOLVER_PIP;

    *call = (struct call){.prefetch = prefetch, .wants = wants, .target = target};
    if (text_starts(prefetch->url, "unix:")) {
        prefetch_fail(prefetch, "%s cannot ask a server at %s: let it listen on a port too, before that",
                      pip ? "pip" : "uv", prefetch->url);
    } else if (make_files(call) < 0) {
        prefetch_fail(prefetch, "cannot write the requirements for %s into /tmp", pip ? "pip" : "uv");
    } else {
        if (pip)
            make_pip_call(call);
        else
            make_uv_call(call);
        if (program_run((const char *const *)call->arguments, prefetch->stop, &output, &error) < 0)
            prefetch_fail(prefetch, "for %s: %s", target->name, error.data);
        else if (pip)
            take_pip_report(call, &output);
        else
            take_uv_output(call, &output);
    }
    remove_files(call);
    for (size_t i = 0; i < call->count; i++)
        free(call->arguments[i]);
}
