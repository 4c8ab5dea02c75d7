package scimtest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/seed-30109bde/gatehouse/scim"
)

// What is promised of writes, whether of users or of groups.
var writePromises = []promise{
	{"IDs are for ever", "an ID is a short text that names one resource and is never given to another, of whatever tenant", idsForEver},
	{"what is not there", "reading, updating or deleting what is not there is ErrNotFound, and makes nothing", notThere},
	{"versions are new", "every committed change gives a version that the resource never had", versionsAreNew},
	{"compare and swap", "an update or delete with another version than the stored one is ErrStale and changes nothing; without a version it does not compare", compareAndSwap},
	{"deleted is gone", "a deleted resource is in no listing, no total and no index", deletedIsGone},
	{"a canceled call", "a call whose context is canceled fails and changes nothing", canceledCall},
	{"no update is lost", "of concurrent updates of one version exactly one succeeds", noUpdateLost},
	{"one delete succeeds", "of concurrent deletes exactly one succeeds, the others are ErrNotFound", oneDelete},
	{"reads are whole", "who reads while others write sees what one write left", readsAreWhole},
}

func idsForEver(t *trial) {
	const most = 64
	seen := make(map[string]bool)
	record := func(i item, when string) {
		if i.ID == "" || len(i.ID) > most || strings.Contains(i.ID, "bulkId") {
			t.broken("%s: the ID is %q", when, i.ID)
		}
		if seen[i.ID] {
			t.broken("%s: the ID %q is given again", when, i.ID)
		}
		seen[i.ID] = true
	}
	ada, grace := t.make(red, entra, "ada"), t.make(red, entra, "grace")
	record(ada, "the first resource")
	record(grace, "the second")
	record(t.make(blue, entra, "ada"), "a resource of another tenant")
	t.drop(red, grace.ID)
	record(t.make(red, entra, "grace"), "after a delete")

	taken := t.newItem(entra, "edsger")
	taken.ID = ada.ID
	if i, err := t.create(t.Context(), red, taken); err == nil {
		record(i, "created under an ID that is taken")
	}
	t.equal(t.read(red, ada.ID), ada, "after another was created under its ID")
}

func notThere(t *trial) {
	ada, gone := t.make(red, entra, "ada"), t.make(red, entra, "gone")
	t.drop(red, gone.ID)
	for _, id := range []string{gone.ID, "nobody", "", "' OR 1=1 --", "%", "0", ada.ID + " ", strings.Repeat("9", 300)} {
		if _, err := t.get(t.Context(), red, id); true {
			t.refused(err, scim.ErrNotFound, "read %q", id)
		}
		for _, version := range []string{"", ada.Version} {
			i := t.newItem(entra, "nobody")
			i.ID, i.Version = id, version
			_, err := t.update(t.Context(), red, i)
			t.refused(err, scim.ErrNotFound, "update %q, version %q", id, version)
			t.refused(t.delete(t.Context(), red, id, version), scim.ErrNotFound, "delete %q, version %q", id, version)
		}
	}
	t.equal(t.all(red, scim.Query{Scope: everyone}), []item{ada}, "after all that")
}

func versionsAreNew(t *trial) {
	seen := make(map[string]bool)
	record := func(i item, when string) {
		if i.Version == "" || seen[i.Version] {
			t.broken("%s: the version is %q", when, i.Version)
		}
		seen[i.Version] = true
		t.equal(t.read(red, i.ID), i, "read, %s", when)
	}
	ada := t.make(red, entra, "ada")
	record(ada, "created")
	for n := range 6 {
		ada.ExternalID = fmt.Sprint("x", n%2) // and back: what was is not what is
		ada = t.change(red, ada)
		record(ada, "updated")
	}
	ada.Version = ""
	ada.ExternalID = "again"
	record(t.change(red, ada), "updated without comparison")
}

func compareAndSwap(t *trial) {
	first := t.make(red, entra, "ada")
	second := first
	second.ExternalID = "x2"
	second = t.change(red, second)

	stale := first
	stale.ExternalID, stale.Name = "x3", "augusta"
	for _, version := range []string{first.Version, "no version", strings.ToUpper(second.Version) + "0"} {
		stale.Version = version
		_, err := t.update(t.Context(), red, stale)
		t.refused(err, scim.ErrStale, "update with the version %q, not %q", version, second.Version)
		t.refused(t.delete(t.Context(), red, first.ID, version), scim.ErrStale, "delete with the version %q, not %q", version, second.Version)
	}
	t.equal(t.read(red, first.ID), second, "after stale writes")
	t.equal(namesOf(t.all(red, scim.Query{Scope: everyone, Filter: t.equals("externalId", "x3")})), []string(nil), "found by what was refused")
	t.equal(t.found(red, t.equals(t.nameAttribute(), "ada")), []string{"ada"}, "found by what stayed")

	second.Version, second.ExternalID = "", "x4"
	third := t.change(red, second)
	t.equal(t.read(red, first.ID), third, "after a write that compares nothing")
	t.must(t.delete(t.Context(), red, third.ID, third.Version), "delete with the stored version")
}

func deletedIsGone(t *trial) {
	ada, grace := t.newItem(entra, "ada"), t.make(red, entra, "grace")
	ada.ExternalID = "x1"
	ada = t.store(red, ada)
	t.drop(red, ada.ID)

	_, err := t.get(t.Context(), red, ada.ID)
	t.refused(err, scim.ErrNotFound, "read it")
	for _, q := range []scim.Query{
		{},
		{IDs: []string{ada.ID, grace.ID}},
		{Filter: t.filter(t.nameAttribute() + " pr")},
	} {
		q.Scope = everyone
		t.equal(namesOf(t.all(red, q)), []string{"grace"}, "list with IDs %q, filter %q", q.IDs, q.Filter)
	}
	for attribute, value := range map[string]string{t.nameAttribute(): "ada", "externalId": "x1", "id": ada.ID} {
		t.equal(t.found(red, t.equals(attribute, value)), []string(nil), "found by %s", attribute)
	}
}

func canceledCall(t *trial) {
	ada := t.make(red, entra, "ada")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	changed := ada
	changed.ExternalID = "x1"
	_, created := t.create(ctx, red, t.newItem(entra, "grace"))
	_, got := t.get(ctx, red, ada.ID)
	_, listed := t.list(ctx, red, scim.Query{Scope: everyone, Limit: 10})
	_, updated := t.update(ctx, red, changed)
	for call, err := range map[string]error{
		"create": created, "read": got, "list": listed, "update": updated,
		"delete": t.delete(ctx, red, ada.ID, ""),
	} {
		if err == nil {
			t.broken("%s succeeded", call)
		}
	}
	t.equal(t.all(red, scim.Query{Scope: everyone}), []item{ada}, "after canceled calls")
}

// increment adds one to the number in ExternalID, as often as it takes to be the first.
func (t *trial) increment(id string) error {
	for {
		i, err := t.get(t.Context(), red, id)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(i.ExternalID)
		if err != nil {
			return err
		}
		i.ExternalID = strconv.Itoa(n + 1)
		if _, err = t.update(t.Context(), red, i); !errors.Is(err, scim.ErrStale) {
			return err
		}
		runtime.Gosched()
	}
}

func noUpdateLost(t *trial) {
	const workers, each = 8, 12
	i := t.newItem(entra, "ada")
	i.ExternalID = "0"
	i = t.store(red, i)
	for _, err := range t.atOnce(workers, func(int) error {
		for range each {
			if err := t.increment(i.ID); err != nil {
				return err
			}
		}
		return nil
	}) {
		t.must(err, "increment")
	}
	if got := t.read(red, i.ID).ExternalID; got != strconv.Itoa(workers*each) {
		t.broken("%d times one was added, each time successfully, and the sum is %s", workers*each, got)
	}
}

func oneDelete(t *trial) {
	ada := t.make(red, entra, "ada")
	succeeded := 0
	for _, err := range t.atOnce(8, func(int) error { return t.delete(t.Context(), red, ada.ID, "") }) {
		if err == nil {
			succeeded++
			continue
		}
		t.refused(err, scim.ErrNotFound, "a delete that came too late")
	}
	if succeeded != 1 {
		t.broken("%d deletes of one resource succeeded", succeeded)
	}
}

func readsAreWhole(t *trial) {
	i := t.newItem(entra, "name 0")
	i.ExternalID = "name 0"
	i = t.store(red, i)
	var done atomic.Bool
	write := func() error {
		defer done.Store(true)
		i := i
		for n := range 100 {
			i.Name = fmt.Sprint("name ", n%3)
			i.ExternalID = i.Name
			var err error
			if i, err = t.update(t.Context(), red, i); err != nil {
				return err
			}
		}
		return nil
	}
	read := func() error {
		for !done.Load() {
			got, err := t.get(t.Context(), red, i.ID)
			if err != nil {
				return err
			}
			page, err := t.list(t.Context(), red, scim.Query{Scope: everyone, Limit: math.MaxInt32})
			if err != nil {
				return err
			}
			for _, got := range append(page.Items, got) {
				if got.Name != got.ExternalID {
					return fmt.Errorf("read the name %q of one write and the external ID %q of another", got.Name, got.ExternalID)
				}
			}
		}
		return nil
	}
	for _, err := range t.atOnce(4, func(n int) error {
		if n == 0 {
			return write()
		}
		return read()
	}) {
		t.must(err, "concurrently")
	}
}
