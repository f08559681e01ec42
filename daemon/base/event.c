// SPDX-License-Identifier: GPL-2.0-or-later
/* The MESSAGE_IDs. */
#include "base/event.h"

#include "base/names.h"

static const char *const ids[] = {
	[EVENT_STARTED] = "e5ebcd01dd404b3fb8add53ef686ac2b",
	[EVENT_STOPPING] = "5408626e96db4f7682ae6e7e1fe0693b",
	[EVENT_CAMPAIGN_BEGUN] = "9bdf57b01a0a40cdaf4e2bfc1d6b654e",
	[EVENT_CAMPAIGN_RESUMED] = "312ce6003f6840c9a598e614a0fd3a14",
	[EVENT_CAMPAIGN_SUSPENDED] = "25aeed4600814bc692df01e9dce9990e",
	[EVENT_CAMPAIGN_ENDED] = "eb68c8f99916408b89a96ec5281beafe",
	[EVENT_PAUSED] = "9af8e9927a454b19bacc5b33330f0f11",
	[EVENT_UNPAUSED] = "fabdda11963f4afeaae70830a3fa96f5",
	[EVENT_FAILURE] = "d779aa42da52473bb7cbeadf82cb43d0",
	[EVENT_HELD] = "3150c9ad59394d03a8676b03ec538b76",
	[EVENT_RELEASED] = "7816fade21254995bb4a338d068f6139",
	[EVENT_STORE_SET_ASIDE] = "8def964ce2d0403aa27bc72e217c8294",
};
NAMES_COMPLETE(ids, EVENT_COUNT);

const char *event_id(enum event event)
{
	return ids[event];
}
