/* Request targets, and paths of package files in them. */
#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/python/project.h"
#include "proxy/http/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_target(const struct target *target)
{
    CHECK(target->path[0] == '/' && target->segment_count <= TARGET_MAX_SEGMENTS);
    for (size_t i = 0; i < target->segment_count; i++) {
        const char *text = target->segments[i].text;
        CHECK(*text && strcmp(text, ".") != 0 && strcmp(text, "..") != 0);
        CHECK(!strpbrk(text, "/\\\r\n") && text_is_utf8(text, strlen(text)));
        CHECK(strlen(target->segments[i].raw) >= strlen(text));
    }
    CHECK(target->slash || target->segment_count);
    for (size_t i = 0; i < target->parameter_count; i++)
        CHECK(target_query(target, target->parameters[i].name));
}

static void check_file_path(const char *text)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF first = BUF_INIT;
    struct buf CLEANUP_BUF second = BUF_INIT;
    struct file_path path, again;

    if (file_path_parse(text, strlen(text), &path, &error) < 0) {
        CHECK(error.len);
        return;
    }
    file_path_print(&path, &first);
    CHECK(file_path_parse(first.data, first.len, &again, &error) == 0);
    file_path_print(&again, &second);
    CHECK(strcmp(first.data, second.data) == 0 && strcmp(path.filename, again.filename) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *CLEANUP_FREE raw = xstrndup((const char *)data, size);
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct target CLEANUP_TARGET target;

    if (target_parse(raw, &target, &error) < 0) {
        CHECK(error.len);
        return 0;
    }
    check_target(&target);
    check_file_path(target.path);
    return 0;
}
