// The part of the table that is sent again and again: how the runs stand that are being trained.

export default function ({ data }) {
  tableMeeting(data.key).table?.showLive(data.states)
}
