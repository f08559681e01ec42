// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as an incident, for libFuzzer: refused with a text, or a script whose shell part is the template's,
 * but for comments, numbers and one quoted word, and whose program holds the rest as JSON. The parts of the input
 * are apart by lines "%%": manifest.json, the transcript of QMP, the destination's, the last words.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "tests/fuzz/require.h"
#include "triage/reproducer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BETWEEN "\n%%\n"
#define WORD "found_in='"
#define PROGRAM "\nexec python3 - <<'END_OF_PROGRAM'\n"
#define PROGRAM_END "\nEND_OF_PROGRAM\n"
#define JSON_BEGIN "json.loads(r\"\"\"\n"
#define JSON_END "\"\"\")\n"

/* Cuts a part off the text, which is NULL once there is none. */
static char *next_part(char **text)
{
	char *part = *text, *end = part ? strstr(part, BETWEEN) : NULL;

	*text = end ? end + strlen(BETWEEN) : NULL;
	if (end)
		*end = '\0';
	return part;
}

/* Behind a quoted word, whose begin is behind its first quote: as the shell reads it. */
static const char *end_of_word(const char *text)
{
	for (;;) {
		text = strchr(text, '\'');
		require(text);
		text++;
		if (strncmp(text, "\\''", 3))
			return text;
		text += 3;
	}
}

/* The shell's part, without what may be another one: comments, the word, numbers. */
static char *shell_of(const char *script)
{
	const char *end = strstr(script, PROGRAM), *at = script;
	char *shell = mem_zalloc(strlen(script) + 1), *to = shell;

	while (end && at < end) {
		if (*at == '#') {
			at += strcspn(at, "\n") + 1;
		} else if (!strncmp(at, WORD, strlen(WORD))) {
			at = end_of_word(at + strlen(WORD));
			/* It may have held what looks like the end. */
			end = strstr(at, PROGRAM);
		} else {
			for (size_t left = strcspn(at, "\n") + 1; left; left--, at++)
				if (*at < '0' || *at > '9')
					*to++ = *at;
		}
	}
	require(end);
	return shell;
}

static void check_program(const char *script)
{
	const char *at = strstr(script, PROGRAM), *end;
	size_t count = 0;

	/* Of the last: a word may look like it. */
	for (const char *next = at; next; next = strstr(next + 1, PROGRAM))
		at = next;
	end = strstr(at, PROGRAM_END);
	require(end && !end[strlen(PROGRAM_END)]);
	for (const char *c = at; *c; c++)
		require(*c == '\n' || *c == '\t' || (*c >= 0x20 && *c < 0x7f));
	while ((at = strstr(at, JSON_BEGIN))) {
		auto_json json_t *value = NULL;

		at += strlen(JSON_BEGIN);
		/* As Python reads a raw string: a backslash keeps a quote from ending it. */
		for (end = at; strncmp(end, "\"\"\"", 3); end += *end == '\\' ? 2 : 1)
			require(*end);
		require(!strncmp(end, JSON_END, strlen(JSON_END)));
		value = json_loadb(at, (size_t)(end - at), JSON_DECODE_ANY, NULL);
		require(value);
		at = end;
		count++;
	}
	require(count == 6);
}

static char *print(const struct reproducer *reproducer)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	require(out);
	reproducer_print(reproducer, out);
	fclose(out);
	require(strlen(text) == size);
	return text;
}

/* Of one of which nothing comes from elsewhere. */
static const char *shell_of_nothing(void)
{
	static char *shell;
	auto_json json_t *list = json_array();
	struct reproducer plain = { .argv = list,
				    .loop = list,
				    .finale = list,
				    .remarks = list,
				    .header = list,
				    .environment = list,
				    .images = list,
				    .failure = list,
				    .binary = "",
				    .firmware = "",
				    .config = "" };
	auto_free char *text = NULL;

	if (shell)
		return shell;
	text = print(&plain);
	shell = shell_of(text);
	return shell;
}

static void check_refusal(const struct err *err)
{
	require(err->code == -EINVAL || err->code == -EOPNOTSUPP);
	require(*err->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_zalloc(size + 1), *script = NULL, *shell = NULL;
	auto_json json_t *manifest = NULL;
	struct reproducer_spec spec = { .firmware = "guest",
					.firmware_size = 5,
					.config = "seed",
					.config_size = 4,
					.disk_bytes = 1 << 20 };
	struct reproducer *reproducer = NULL;
	struct err err = { 0 };
	char *rest = text, *part;

	memcpy(text, data, size);
	part = next_part(&rest);
	manifest = json_loads(part, 0, NULL);
	spec.manifest = manifest;
	spec.qemu = next_part(&rest);
	part = next_part(&rest);
	spec.incoming = part && *part ? part : NULL;
	spec.output = next_part(&rest);
	require(reproducer_role(manifest));
	if (reproducer_make(&spec, &reproducer, &err) < 0) {
		check_refusal(&err);
		return 0;
	}
	require(reproducer->vms >= 1 && reproducer->vms <= REPRODUCER_VMS_MAX);
	require(reproducer->rounds >= 1 && reproducer->rounds <= REPRODUCER_ROUNDS_MAX);
	script = print(reproducer);
	shell = shell_of(script);
	require(!strcmp(shell, shell_of_nothing()));
	check_program(script);
	reproducer_free(reproducer);
	return 0;
}
