// SPDX-License-Identifier: GPL-2.0-or-later
/* Failures that are not durable yet, and the signatures that are known. */
#include "control/failures.h"

#include <inttypes.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/query.h"

struct failures {
	json_t *untold; /* data of FAILUREs, by their ids */
	json_t *known;	/* "CLASS TITLE": a set */
};

struct failures *failures_new(void)
{
	struct failures *failures = mem_new(struct failures);

	failures->untold = json_object();
	failures->known = json_object();
	return failures;
}

void failures_free(struct failures *failures)
{
	if (!failures)
		return;
	json_decref(failures->untold);
	json_decref(failures->known);
	free(failures);
}

bool failures_know(struct failures *failures, const char *class, const char *title)
{
	auto_free char *key = mem_printf("%s %s", class, title);

	if (json_object_get(failures->known, key))
		return false;
	if (json_object_size(failures->known) == FAILURES_SIGNATURES_MAX)
		return false;
	json_object_set_new(failures->known, key, json_true());
	if (json_object_size(failures->known) == FAILURES_SIGNATURES_MAX)
		log_warning("%d signatures are known: no other will be called new",
			    FAILURES_SIGNATURES_MAX);
	return true;
}

static void know(void *ctx, const char *class, const char *title)
{
	failures_know(ctx, class, title);
}

int failures_know_stored(struct failures *failures, const char *path, struct err *err)
{
	struct query *query;
	int r = query_open(path, &query, err);

	if (r < 0)
		return r;
	r = query_signature_names(query, know, failures, err);
	query_close(query);
	return r;
}

static char *key_of(int64_t id)
{
	return mem_printf("%" PRId64, id);
}

bool failures_add(struct failures *failures, const struct record_failure *failure)
{
	auto_free char *key = key_of(failure->id);
	bool is_new = failures_know(failures, failure->class, failure->signature);

	json_object_set_new(
		failures->untold, key,
		json_pack("{s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:s?, s:s, s:s, s:s?, s:b, s:b}",
			  "failure", (json_int_t)failure->id, "campaign",
			  (json_int_t)failure->campaign_id, "slot", (json_int_t)failure->slot, "vm",
			  (json_int_t)failure->vm, "loops", (json_int_t)failure->loops, "build",
			  failure->build, "class", failure->class, "place", failure->place,
			  "signature", failure->signature, "detail", failure->detail, "incident",
			  failure->incident, "expected", (int)failure->expected, "new",
			  (int)is_new));
	return is_new;
}

json_t *failures_take(struct failures *failures, int64_t id)
{
	auto_free char *key = key_of(id);
	json_t *data = json_incref(json_object_get(failures->untold, key));

	json_object_del(failures->untold, key);
	return data;
}

void failures_forget(struct failures *failures)
{
	json_object_clear(failures->untold);
}
