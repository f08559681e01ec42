// SPDX-License-Identifier: GPL-2.0-or-later
/* The record bus: a list of subscribers and the source of ids. */
#include "base/record.h"

#include "base/mem.h"

struct subscriber {
	record_fn fn;
	void *ctx;
};

struct records {
	int64_t next_id;
	struct subscriber *subscribers;
	size_t count;
};

struct records *records_new(int64_t first_id)
{
	struct records *records = mem_new(struct records);

	records->next_id = first_id;
	return records;
}

void records_free(struct records *records)
{
	if (!records)
		return;
	free(records->subscribers);
	free(records);
}

void records_subscribe(struct records *records, record_fn fn, void *ctx)
{
	records->subscribers = mem_realloc(records->subscribers, records->count + 1,
					   sizeof(*records->subscribers));
	records->subscribers[records->count++] = (struct subscriber){ fn, ctx };
}

int64_t records_new_id(struct records *records)
{
	return records->next_id++;
}

static bool emit(struct records *records, const struct record *record,
		 const struct record_durable *durable)
{
	bool taken = false;

	for (size_t i = 0; i < records->count; i++) {
		const struct subscriber *s = &records->subscribers[i];

		if (s->fn(s->ctx, record, taken ? NULL : durable))
			taken = true;
	}
	return taken;
}

void records_emit(struct records *records, const struct record *record)
{
	emit(records, record, NULL);
}

void records_emit_durable(struct records *records, const struct record *record,
			  struct record_durable durable)
{
	if (!emit(records, record, &durable))
		durable.fn(durable.ctx);
}

static void ignore(void *ctx)
{
	(void)ctx;
}

void records_emit_synced(struct records *records, const struct record *record)
{
	records_emit_durable(records, record, (struct record_durable){ .fn = ignore });
}
