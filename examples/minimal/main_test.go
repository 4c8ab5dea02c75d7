package main

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestMistypedUserType(t *testing.T) {
	service, err := newService("test-token")
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", base+"/ws/scim/v2/Users", strings.NewReader(`{"userName": "ada@example.com", "urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User": {"userType": "EndUser"}}`))
	r.Header.Set("Authorization", "Bearer test-token")
	w := httptest.NewRecorder()
	if service.Handler().ServeHTTP(w, r); w.Code != 400 || !strings.Contains(w.Body.String(), "exactly this spelling") {
		t.Errorf("%d %s, want a 400 that says how userType is spelled", w.Code, w.Body)
	}
}
