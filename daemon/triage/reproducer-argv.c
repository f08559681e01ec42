// SPDX-License-Identifier: GPL-2.0-or-later
/* From direct_argv() to a command line for anybody. */
#include "triage/reproducer-argv.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "triage/reproducer.h"

static bool starts(const char *text, const char *with)
{
	return text && !strncmp(text, with, strlen(with));
}

/* RAM that nobody else maps. */
static json_t *translate_object(const char *value)
{
	static const char before[] = "memory-backend-file,", fd[] = ",mem-path=/proc/self/fd/";
	const char *path = strstr(value, fd);
	auto_free char *text = NULL;

	if (!starts(value, before) || !path)
		return NULL;
	value += strlen(before);
	text = mem_printf("memory-backend-memfd,%.*s", (int)(path - value), value);
	return json_string(text);
}

/* The guest's image has a new name. */
static json_t *translate_blockdev(const char *value, const char *firmware)
{
	auto_json json_t *node = json_loads(value, 0, NULL);
	json_t *file = json_object_get(node, "file");
	const char *name = json_string_value(json_object_get(file, "filename"));
	auto_free char *text = NULL;

	if (!name || strcmp(name, firmware))
		return NULL;
	json_object_set_new(file, "filename", json_string(ARGV_FIRMWARE));
	text = json_dumps(node, JSON_COMPACT);
	return json_string(text);
}

/* Options that who starts QEMU adds in its own way. */
static bool is_ours(const char *name, const char *value)
{
	return !strcmp(name, "-incoming") ||
	       (!strcmp(name, "-chardev") && starts(value, "socket,id=qmp,fd=")) ||
	       (!strcmp(name, "-mon") && starts(value, "chardev=qmp,"));
}

static void add_option(json_t *options, json_t *option, const char *firmware)
{
	const char *name = json_string_value(json_array_get(option, 0));
	const char *value = json_string_value(json_array_get(option, 1));
	json_t *translated = NULL;

	if (value && !strcmp(name, "-object"))
		translated = translate_object(value);
	else if (value && !strcmp(name, "-blockdev"))
		translated = translate_blockdev(value, firmware);
	else if (value && !strcmp(name, "-name"))
		translated = json_string("guest=reproduce,debug-threads=on");
	if (translated)
		json_array_set_new(option, 1, translated);
	if (!is_ours(name, value))
		json_array_append(options, option);
}

/* What stands before the binary, by the name of the first word. */
static void remark_wrapper(json_t *argv, size_t binary, json_t *remarks)
{
	if (binary)
		reproducer_add_line(
			remarks,
			"QEMU ran under %s, with %zu words in front of its command line, which are "
			"left out.",
			json_string_value(json_array_get(argv, 0)), binary);
}

int argv_translate(json_t *run, const char *firmware, json_t *remarks, json_t **ret_options,
		   struct err *err)
{
	json_t *argv = json_object_get(run, "argv"), *word, *option = NULL;
	const char *binary = json_string_value(json_object_get(run, "binary"));
	auto_json json_t *options = json_array();
	size_t at, first = 0;
	bool folders = false;

	json_array_foreach(argv, at, word)
		if (!json_is_string(word))
			return err_set(err, -EINVAL, "manifest.json: argv: word %zu is no text",
				       at);
	while (binary && first < json_array_size(argv) &&
	       strcmp(binary, json_string_value(json_array_get(argv, first))))
		first++;
	if (!binary || first >= json_array_size(argv))
		return err_set(err, -EINVAL, "manifest.json: argv does not have the run's binary");
	remark_wrapper(argv, first, remarks);
	for (at = first + 1; at < json_array_size(argv); at++) {
		word = json_array_get(argv, at);
		if (*json_string_value(word) == '-' || !option) {
			if (option)
				add_option(options, option, firmware);
			json_decref(option);
			option = json_pack("[O]", word);
		} else {
			json_array_append(option, word);
		}
		folders = folders || !strcmp(json_string_value(word), "-L");
	}
	if (option)
		add_option(options, option, firmware);
	json_decref(option);
	if (folders)
		reproducer_add_line(remarks, "Folders of -L that do not exist are left out.");
	*ret_options = json_incref(options);
	return 0;
}
