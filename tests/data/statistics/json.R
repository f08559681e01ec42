# SPDX-License-Identifier: GPL-2.0-or-later
# How the scripts here write what R says as JSON.
number <- function(x) ifelse(is.na(x), "null", sprintf("%.15g", x))
array <- function(x) paste0("[", paste(x, collapse = ","), "]")
numbers <- function(x) array(number(x))
pick <- function(x) x[sample.int(length(x), 1)]
write_cases <- function(lists, file) {
	texts <- sapply(names(lists), function(name)
		sprintf("\"%s\": [\n%s\n]", name, paste(lists[[name]], collapse = ",\n")))
	writeLines(paste0("{\n", paste(texts, collapse = ",\n"), "\n}"), file)
}
