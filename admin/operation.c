/* The table of operations, and helpers for them. No state. */
#include "admin/operation.h"

#include <stdarg.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/store.h"

static const struct operation *const operations[] = {
    &stats_operation,  &ls_operation,      &show_operation,   &purge_operation, &gc_operation,
    &verify_operation, &address_operation, &export_operation, &import_operation};

const struct operation *operation_find(const char *name)
{
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
        if (strcmp(operations[i]->name, name) == 0)
            return operations[i];
    return NULL;
}

int operation_failed(struct operation_call *call, const char *format, ...)
{
    va_list args;

    buf_reset(&call->error);
    va_start(args, format);
    buf_vprintf(&call->error, format, args);
    va_end(args);
    return 1;
}

int operation_store_failed(struct operation_call *call, const char *doing, int error)
{
    return operation_failed(call, "cannot %s: %s", doing, strerror(-error));
}

json_t *operation_text(const char *text)
{
    /* Keys are bytes to the store, but jansson makes no string of what is not UTF-8, and an object without
     * its member would be worse. */
    return json_string(text_is_utf8(text, strlen(text)) ? text : "(not UTF-8)");
}
